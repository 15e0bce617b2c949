package advisory

import "strings"

// isCVE says whether id is a CVE id: "CVE-", a year and a number of four digits or more.
func isCVE(id string) bool {
	rest, ok := strings.CutPrefix(id, "CVE-")
	if !ok || len(rest) < 9 || rest[4] != '-' {
		return false
	}
	return digits(rest[:4]) && digits(rest[5:])
}

func isGHSA(id string) bool { return strings.HasPrefix(id, "GHSA-") }

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// statementMark stands before the vulnerability in the id of a statement.
const statementMark = "::"

// StatementID is the id of a record that holds what a source says of one vulnerability of one package, where the source
// gives what it says no ids: "DEBIAN-TRACKER::openssl::CVE-2024-1". It is unique where source and package are. People know
// it as little as the source does: a finding has it as evidence and not among its names.
func StatementID(source, pkg, vulnerability string) string {
	return source + statementMark + pkg + statementMark + vulnerability
}

// stated is the vulnerability that a statement is about; "" for all other ids.
func stated(id string) string {
	if i := strings.LastIndex(id, statementMark); i >= 0 {
		return id[i+len(statementMark):]
	}
	return ""
}

// bareCVE is the CVE that a record is about alone, by its own id: "CVE-2024-1" of "DEBIAN-CVE-2024-1", "ALPINE-CVE-…",
// "UBUNTU-CVE-…"; "" for other ids. A statement is about its vulnerability, whoever numbered that: "XSA-375".
func bareCVE(id string) string {
	if s := stated(id); s != "" {
		return s
	}
	if i := strings.Index(id, "CVE-"); i >= 0 && isCVE(id[i:]) {
		return id[i:]
	}
	return ""
}

// cves lists the CVEs that a record of an operating system speaks of: its own, else those it is an alias of or derives
// from, else the related ones. A bundle advisory has several, or none.
func (r *Record) cves() []string {
	if own := bareCVE(r.ID); own != "" {
		return []string{own}
	}
	var found []string
	for _, list := range [][]string{r.Aliases, r.Upstream} {
		for _, id := range list {
			if cve := bareCVE(id); cve != "" {
				found = append(found, cve)
			}
		}
	}
	if found == nil {
		for _, id := range r.Related {
			if cve := bareCVE(id); cve != "" {
				found = append(found, cve)
			}
		}
	}
	return found
}

// isAlias says whether the record is about the one vulnerability id and nothing else, so that its own id is another
// name of it. A bundle that names id as upstream or related is not.
func (r *Record) isAlias(id string) bool {
	if r.ID == id || bareCVE(r.ID) == id {
		return true
	}
	for _, a := range r.Aliases {
		if a == id {
			return true
		}
	}
	return false
}

// Names lists all ids under which the record's vulnerabilities are known: its own, aliases, upstream, and the CVEs that
// a bundle names. It is what a record says about, not what is the same.
func (r *Record) Names() []string {
	names := append([]string{r.ID}, r.Aliases...)
	names = append(names, r.Upstream...)
	return append(names, r.cves()...)
}
