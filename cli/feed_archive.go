package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/client"
	"landwaiter.dev/engine"
	"landwaiter.dev/internal/signkey"
	"landwaiter.dev/report"
)

// maxKeys bounds a file of keys.
const maxKeys = 1 << 20

// trusted reads the keys of a setting: each item is a public key, or a file that holds some.
func trusted(s *Settings, v string) error {
	s.Feeds.Trust = nil
	for _, item := range words(v) {
		keys, err := publicKeys(item)
		if err != nil {
			return err
		}
		s.Feeds.Trust = append(s.Feeds.Trust, keys...)
	}
	return nil
}

func publicKeys(item string) ([]archive.PublicKey, error) {
	if key, err := archive.ParsePublicKey(item); err == nil {
		return []archive.PublicKey{key}, nil
	} else if _, missing := os.Stat(item); missing != nil {
		return nil, fmt.Errorf("%w, nor is there such a file", err)
	}
	text, err := readBounded(item, maxKeys)
	if err != nil {
		return nil, err
	}
	keys, err := archive.ParsePublicKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item, err)
	}
	return keys, nil
}

// place is where the advisory data is that a command is about: with --data or --database-url that of this machine, else
// that of the server which is named, else that of this machine.
type place struct {
	app *app
	cmd *cobra.Command
}

// placed gives a command the flags that name a place, and those of some more settings.
func (a *app) placed(c *cobra.Command, settings ...string) *cobra.Command {
	f := c.Flags()
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	AddFlags(all, true)
	for _, name := range append([]string{"config", "data", "database-url"}, settings...) {
		f.AddFlag(all.Lookup(name))
	}
	return a.asks(c)
}

func (p place) remote() bool {
	f := p.cmd.Flags()
	if f.Changed("data") || f.Changed("database-url") {
		return false
	}
	for _, name := range []string{"LANDWAITER_URL", "ANCHORE_CLI_URL"} {
		if p.app.getenv(name) != "" {
			return true
		}
	}
	return f.Changed("url") || f.Changed("user")
}

// local opens what is here; done closes it.
func (p place) local(ctx context.Context, line *progress) (l *engine.Local, settings Settings, done func(), err error) {
	if settings, err = Load(p.cmd.Flags(), p.app.environ); err != nil {
		return nil, settings, nil, usage(p.cmd, err)
	}
	s, err := openLocalStore(ctx, settings)
	if err != nil {
		return nil, settings, nil, err
	}
	return &engine.Local{
		Store: s, Feeds: feedConfig(settings), Log: slog.New(slog.DiscardHandler), TempDir: tempDir(settings.Data),
		Now:      func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		Progress: line.set,
	}, settings, func() { _ = s.Close() }, nil
}

func (a *app) feedExport() *cobra.Command {
	var keyFile string
	c := &cobra.Command{
		Use: "export FILE", Short: "Write all advisory data to one file, for machines without a network", Args: cobra.ExactArgs(1),
		Long: `Writes all advisory data in force to one file, signed with --key. It comes from the server that --url or LANDWAITER_URL
names, or from the data directory or database of this machine, beside which a server may run.`,
		RunE: func(c *cobra.Command, args []string) error {
			key, err := privateKey(keyFile)
			if err != nil {
				return err
			}
			return a.exportTo(place{a, c}, args[0], key)
		},
	}
	c = a.placed(c, "feeds-trust")
	c.Flags().StringVar(&keyFile, "key", "", "file with the private key that signs, see landwaiter feeds keygen")
	return c
}

func privateKey(file string) (*archive.PrivateKey, error) {
	if file == "" {
		return nil, nil
	}
	text, err := readBounded(file, maxKeys)
	if err != nil {
		return nil, err
	}
	key, err := archive.ParsePrivateKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &key, nil
}

// exportTo writes beside the file and moves it there when it is whole.
func (a *app) exportTo(p place, name string, key *archive.PrivateKey) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return unreadable(name, err)
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	line := a.progress("feed export")
	defer line.end()
	line.set("writing " + name)
	if err := p.export(f, line); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	whole, err := archive.Open(f, size, name, archive.Trust{Unsigned: true})
	if err != nil {
		return err
	}
	signer := ""
	if key != nil {
		if err := archive.Sign(f, size, *key); err != nil {
			return err
		}
		signer = key.Public().String()
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	line.end()
	return a.show(map[string]any{
		"file": name, "bytes": size, "records": whole.Rows(archive.Records), "feed_revision": whole.Revision, "made_at": whole.MadeAt, "signer": signer,
	}, func() {
		a.facts("File", name, "Size", report.Size(size), "Records", fmt.Sprint(whole.Rows(archive.Records)), "Exploited", fmt.Sprint(whole.Rows(archive.Exploited)),
			"Scores", fmt.Sprint(whole.Rows(archive.Scores)), "Revision", fmt.Sprint(whole.Revision), "Signed with", orWord(signer, "nothing: it is imported with --allow-unsigned alone; --key signs"))
	})
}

// export writes the file, unsigned.
func (p place) export(w io.Writer, line *progress) error {
	ctx := p.cmd.Context()
	if p.remote() {
		server, err := p.app.client()
		if err != nil {
			return err
		}
		return server.ExportFeeds(ctx, w)
	}
	l, _, done, err := p.local(ctx, line)
	if err != nil {
		return err
	}
	defer done()
	_, err = l.Export(ctx, w, p.app.version, nil)
	return err
}

func (a *app) feedImport() *cobra.Command {
	var trust []string
	var r engine.ImportFeeds
	c := &cobra.Command{
		Use: "import FILE", Short: "Take advisory data from a file that landwaiter feeds export wrote", Args: cobra.ExactArgs(1),
		Long: `Takes advisory data from a file: what changed is put in force as a sync does it, and what the file does not have stays.
It goes to the server that --url or LANDWAITER_URL names, which knows by its own LANDWAITER_FEEDS_TRUST whom it trusts, or
into the data directory of this machine when no server holds it.`,
		RunE: func(c *cobra.Command, args []string) error {
			line := a.progress("feed import")
			defer line.end()
			done, err := place{a, c}.take(args[0], trust, r, line)
			line.end()
			if err != nil {
				return err
			}
			return a.synced(done, false)
		},
	}
	c = a.placed(c, "feeds-trust")
	f := c.Flags()
	f.StringArrayVar(&trust, "trust", nil, "public key whose files are taken, or a file that holds some; beside LANDWAITER_FEEDS_TRUST, and not through a server")
	f.BoolVar(&r.AllowUnsigned, "allow-unsigned", false, "take a file that nobody signed who is trusted")
	f.BoolVar(&r.AcceptShrink, "accept-shrink", false, "accept parts that lost more than half of their records")
	f.BoolVar(&r.AcceptOlder, "accept-older", false, "replace newer data by older")
	return c
}

func (p place) take(file string, trust []string, r engine.ImportFeeds, line *progress) ([]client.SyncResult, error) {
	ctx := p.cmd.Context()
	if p.remote() {
		if len(trust) > 0 {
			return nil, usage(p.cmd, errors.New("--trust is for this machine's data directory: a server trusts whom its own LANDWAITER_FEEDS_TRUST names"))
		}
		server, err := p.app.client()
		if err != nil {
			return nil, err
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, unreadable(file, err)
		}
		defer f.Close()
		line.set("sending " + file)
		return server.ImportFeeds(ctx, f, client.ImportFeeds{Name: filepath.Base(file), AllowUnsigned: r.AllowUnsigned, AcceptShrink: r.AcceptShrink, AcceptOlder: r.AcceptOlder})
	}
	l, settings, done, err := p.local(ctx, line)
	if err != nil {
		return nil, err
	}
	defer done()
	keys := settings.Feeds.Trust
	for _, item := range trust {
		more, err := publicKeys(item)
		if err != nil {
			return nil, usage(p.cmd, fmt.Errorf("--trust: %w", err))
		}
		keys = append(keys, more...)
	}
	results, err := l.Import(ctx, file, archive.Trust{Keys: keys, Unsigned: r.AllowUnsigned}, r)
	if broken, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, unreadable(file, broken)
	}
	return clientResults(results), err
}

// clientResults are results as a server would answer them.
func clientResults(list []engine.SyncResult) []client.SyncResult {
	word := func(ok bool) string {
		if ok {
			return "success"
		}
		return "failure"
	}
	var out []client.SyncResult
	for _, r := range list {
		one := client.SyncResult{Feed: r.Feed, Status: word(r.OK), Seconds: r.Seconds}
		for _, g := range r.Groups {
			one.Groups = append(one.Groups, client.SyncedGroup{
				Group: g.Group, Status: word(g.OK), Seconds: g.Seconds, Records: g.Records, Images: g.Images, Error: g.Error, Problems: g.Problems,
			})
		}
		out = append(out, one)
	}
	return out
}

func (a *app) feedKeygen() *cobra.Command {
	var asPEM bool
	c := a.asJSON(&cobra.Command{
		Use: "keygen FILE", Short: "Make a key that signs exported advisory data and attestations", Args: cobra.ExactArgs(1),
		Long: `Writes a private key to FILE, which only its owner can read, and prints the public key: that is what importing machines
name in LANDWAITER_FEEDS_TRUST, and what landwaiter verify takes.`,
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := signkey.New()
			if err != nil {
				return err
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: a key is not overwritten", args[0])
			}
			if err != nil {
				return unreadable(args[0], err)
			}
			private, public := key.Text(), key.Public().String()
			if asPEM {
				private, public = string(key.PEM()), strings.TrimSpace(string(key.Public().PEM()))
			}
			_, err = io.Copy(f, strings.NewReader(private))
			if err := errors.Join(err, f.Close()); err != nil {
				return err
			}
			return a.show(map[string]string{"file": args[0], "public_key": public}, func() { fmt.Fprintln(a.out, public) })
		},
	})
	c.Flags().BoolVar(&asPEM, "pem", false, "as PEM, for other programs too")
	return c
}
