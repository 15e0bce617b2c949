package gate

import (
	"errors"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// passwdPath is the file that the gate looks at.
const passwdPath = "/etc/passwd"

var passwdGate = Gate{
	Name:        "passwd_file",
	Description: "Checks of the users in /etc/passwd, which must be among the files that the analyser's settings ask for, as it is by default.",
	Triggers: []Trigger{
		{
			Name:        "content_not_available",
			Description: "Fires when /etc/passwd is empty, not in the image, or not among the files asked for.",
			Compile: func(Values) (Check, error) {
				return func(c *Context, fire Fire) error {
					if f := c.retrieved(passwdPath); f == nil || len(f.Content) == 0 {
						fire("", "Cannot locate /etc/passwd in image stored files archive: check analyzer settings.")
					}
					return nil
				}, nil
			},
		},
		deniedField("blacklist_usernames", "user", "user", 0, Param{Name: "user_names", Aliases: []string{"usernameblacklist"}, Type: List,
			Example: "daemon,ftp", Description: "Names of users that must not be there."}),
		deniedField("blacklist_userids", "user id", "uid", 2, Param{Name: "user_ids", Aliases: []string{"useridblacklist"}, Type: Numbers, Known: knownIDs,
			Example: "0,1", Description: "Numbers of users that must not be there."}),
		deniedField("blacklist_groupids", "group id", "gid", 3, Param{Name: "group_ids", Type: Numbers, Known: knownIDs,
			Example: "999,20", Description: "Numbers of groups that no user may have as its own."}),
		deniedField("blacklist_shells", "shell", "shell", 6, Param{Name: "shells", Type: List, Known: absolutePath,
			Example: "/bin/bash,/bin/ksh", Description: "Shells that no user may have."}),
		{
			Name:        "blacklist_full_entry",
			Description: "Fires when a line of the file is not allowed.",
			Params: []Param{{Name: "entry", Required: true, Type: Text, Example: "ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin",
				Description: "The whole line."}},
			Compile: func(v Values) (Check, error) {
				entry := strings.TrimSpace(v["entry"])
				return func(c *Context, fire Fire) error {
					if err := c.unreadPasswd(); err != nil {
						return err
					}
					for _, a := range c.accounts() {
						if a.line == entry {
							fire("", "Blacklisted pentry '"+entry+"' found in image's /etc/passwd: pentry="+a.line)
						}
					}
					return nil
				}, nil
			},
		},
	},
}

// account is a line of the file.
type account struct {
	line   string
	fields []string
}

// accounts are the lines of the file in their order, one for each name: of two with one name the last counts. Fields are
// counted from the left, so that a colon too many shifts those after it.
func (c *Context) accounts() []account {
	return c.passwd.get(func() []account {
		f := c.retrieved(passwdPath)
		if f == nil {
			return nil
		}
		var list []account
		place := map[string]int{}
		for line := range strings.Lines(string(f.Content)) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			a := account{line, strings.SplitN(line, ":", 9)}
			name := a.fields[0]
			if i, again := place[name]; again {
				list[i] = a
				continue
			}
			place[name] = len(list)
			list = append(list, a)
		}
		return list
	})
}

// errUnreadPasswd says that the users of the image are not known.
var errUnreadPasswd = errors.New("the image has an /etc/passwd whose content was not kept (a symlink, too large, or not asked for in the analyser's settings), so its users are not known: ask for the file in the settings, make it a plain file in the image, or take the rule out")

// unreadPasswd fails when the image has the file, or has it by way of a link for its folder, and its content is not known.
func (c *Context) unreadPasswd() error {
	if c.retrieved(passwdPath) != nil {
		return nil
	}
	for _, f := range c.files() {
		if f.Path == "etc/passwd" && f.Type != image.Directory || f.Path == "etc" && f.Type == image.Symlink {
			return errUnreadPasswd
		}
	}
	return nil
}

// retrieved is the file of that absolute path among those that the analyser kept; nil when there is none.
func (c *Context) retrieved(abs string) *image.RetrievedFile {
	i := slices.IndexFunc(c.Analysis.Retrieved, func(f image.RetrievedFile) bool { return f.Path.Abs() == abs })
	if i < 0 {
		return nil
	}
	return &c.Analysis.Retrieved[i]
}

// deniedField is a trigger that compares one field of each line with a list. A line without the field is skipped.
func deniedField(trigger, what, word string, field int, p Param) Trigger {
	p.Required = true
	return Trigger{
		Name:        trigger,
		Description: "Fires for each line whose " + what + " is not allowed.",
		Params:      []Param{p},
		Compile: func(v Values) (Check, error) {
			denied := map[string]bool{}
			for _, s := range v.List(p.Name) {
				if p.Type.Name == Numbers.Name {
					s = decimal(s)
				}
				denied[s] = true
			}
			return func(c *Context, fire Fire) error {
				if err := c.unreadPasswd(); err != nil {
					return err
				}
				for _, a := range c.accounts() {
					if len(a.fields) > field && denied[a.fields[field]] {
						fire("", "Blacklisted "+word+" '"+a.fields[field]+"' found in image's /etc/passwd: pentry="+a.line)
					}
				}
				return nil
			}, nil
		},
	}
}
