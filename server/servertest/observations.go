package servertest

import "landwaiter.dev/image"

// observe adds one of everything that an analysis says besides packages, with names that try to steer a terminal.
func observe(a *image.Analysis) {
	a.Secrets = []image.TextMatch{
		{Place: "env TOKEN", Rule: "github_pat", Line: 1, Layer: -1, HMAC: "cc03"},
		{Path: "app/.env", Rule: "API_KEY", Pattern: "(?i).*api_key=.*", Line: 3, Layer: 1, HMAC: "aa01"},
		{Path: "app/.env", Rule: "API_KEY", Pattern: "(?i).*api_key=.*", Line: 9, Layer: 1, HMAC: "aa02", More: 2},
		{Path: "app/.env", Rule: "gcp_api_key", Line: 3, Layer: 1, HMAC: "aa01"},
		{Path: "root/\x1b[2Jid_rsa", Rule: "PRIV_KEY", Pattern: "-+BEGIN", Line: 1, Layer: 0, Removed: true, HMAC: "bb01"},
	}
	a.Matches = []image.TextMatch{{Path: "etc/motd", Pattern: ".*TODO.*", Line: 2, Layer: 0}}
	a.Retrieved = []image.RetrievedFile{{Path: "etc/passwd", Content: []byte("root:x:0:0:root:/root:/bin/sh\n\x1b[2Jnobody:x:65534:65534:nobody:/:/sbin/nologin\n")}}
	openssl := image.PackageRef{Type: image.Deb, Name: "openssl", Version: "3.0.9-1", Arch: "amd64"}
	a.Verification = image.Verification{Compared: 120, Uncompared: 4, Differences: []image.FileDifference{
		{Path: "etc/ssl/openssl.cnf", Package: openssl, Status: image.FileChanged, Config: true, Detail: "md5 aa, not bb"},
		{Path: "usr/bin/openssl", Package: openssl, Status: image.FileChanged, Detail: "md5 11, not 22"},
	}}
	a.Malware = &image.Malware{Scanner: "clamav", Version: "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023", Findings: []image.MalwareFinding{
		{Path: "opt/x.bin", Signature: "Unix.Test.Sample-1", Layer: 1},
		{Path: "tmp/gone", Signature: "Unix.Test.Sample-2", Layer: 0, Removed: true},
	}}
	a.Special = []image.SpecialFile{{Path: "usr/bin/su", Mode: "4755", GID: 50}, {Path: "usr/bin/ping", Mode: "755", Capabilities: true, Layer: 1}}
	a.Declared = []image.Package{{Type: image.NPM, Name: "lodash", Version: "4.17.21", Location: "app/package-lock.json", Layer: 1}}
}
