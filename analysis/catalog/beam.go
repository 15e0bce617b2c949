package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// Beam reads the application resource of each installed Erlang and Elixir application: NAME-VERSION/ebin/NAME.app, or
// without the version below a build directory. What belongs to Erlang/OTP or Elixir itself has a type of its own.
func Beam() Cataloger {
	return Cataloger{
		Name:     "beam",
		Revision: 1,
		Doc:      "Installed Erlang and Elixir applications: ebin/NAME.app.",
		Want:     Want{Parents: map[string][]string{"/ebin": {"*.app"}}},
		Read:     readBeamApp,
	}
}

var (
	// {application, name, [… {vsn, "1.2.3"} …]}
	beamName    = regexp.MustCompile(`\{\s*application\s*,\s*'?([A-Za-z0-9_@]+)'?\s*,`)
	beamVersion = regexp.MustCompile(`\{\s*vsn\s*,\s*"([^"\n]*)"\s*\}`)
)

func readBeamApp(f *File, found *Found) error {
	name := strings.TrimSuffix(f.Path.Base(), ".app")
	place := f.Path.Dir().Dir().Base()
	if f.Path.Dir().Base() != "ebin" || place != name && !strings.HasPrefix(place, name+"-") {
		return nil
	}
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	said := beamName.FindSubmatch(data)
	vsn := beamVersion.FindSubmatch(data)
	if said == nil || vsn == nil || string(said[1]) != name {
		return fmt.Errorf("the file does not describe the application %.100q", name)
	}
	p := image.Package{Type: image.Hex, Location: f.Path}
	if otpApplications[name] {
		p.Type = image.OTP
	}
	var okName, okVersion bool
	p.Name, okName = declaredName(name)
	p.Version, okVersion = declaredVersion(string(vsn[1]))
	if !okName || !okVersion {
		return fmt.Errorf("the application %.100q has no valid version", name)
	}
	found.Packages = append(found.Packages, p)
	return nil
}

// otpApplications are those of Erlang/OTP, past ones included, and of Elixir: they come with the run-time system and are
// not in Hex under these names.
var otpApplications = map[string]bool{
	"asn1": true, "common_test": true, "compiler": true, "cosEvent": true, "cosEventDomain": true, "cosFileTransfer": true,
	"cosNotification": true, "cosProperty": true, "cosTime": true, "cosTransactions": true, "crypto": true, "debugger": true,
	"dialyzer": true, "diameter": true, "edoc": true, "eldap": true, "erl_docgen": true, "erl_interface": true, "erts": true,
	"et": true, "eunit": true, "ftp": true, "hipe": true, "inets": true, "jinterface": true, "kernel": true, "megaco": true,
	"mnesia": true, "observer": true, "odbc": true, "orber": true, "os_mon": true, "otp_mibs": true, "parsetools": true,
	"percept": true, "public_key": true, "reltool": true, "runtime_tools": true, "sasl": true, "snmp": true, "ssh": true,
	"ssl": true, "stdlib": true, "syntax_tools": true, "tftp": true, "tools": true, "wx": true, "xmerl": true,
	"elixir": true, "eex": true, "ex_unit": true, "iex": true, "logger": true, "mix": true,
}
