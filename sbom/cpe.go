package sbom

import "regexp"

// cpeForm is the pattern of a CPE, 2.2 or 2.3, that the schemas of the forms share.
var cpeForm = regexp.MustCompile(`^(?:cpe:/[AHOaho]?(?::[A-Za-z0-9._\-~%]*){0,6}|` +
	`cpe:2\.3:[aho*\-](?::(?:[?*]{1,2}|(?:[a-zA-Z0-9\-._]|\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~])+[?*]?|\*|-)){5}` +
	`(?::(?:[a-zA-Z]{2,3}(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?|[*\-]))` +
	`(?::(?:(?:[a-zA-Z0-9\-._]|\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~])+|[*\-])){4})$`)

// isCPE says whether a text is a CPE.
func isCPE(s string) bool { return len(s) <= 1000 && cpeForm.MatchString(s) }
