package gate

// retired lists the gates that the original once had, with the gate that took their place.
var retired = []*Gate{
	retire("suiddiff", "", "suiddiff", "suidfileadd", "suidfiledel", "suidmodediff"),
	retire("imagecheck", "", "baseoutofdate"),
	retire("pkgdiff", "", "pkgversiondiff", "pkgadd", "pkgdel", "pkgdiff"),
	retire("anchoresec", "vulnerabilities", "vulnlow", "vulnmedium", "vulnhigh", "vulncritical", "vulnunknown", "feedoutofdate", "unsupporteddistro"),
	retire("pkgcheck", "packages", "pkgnotpresent", "verify"),
	retire("dockerfilecheck", "dockerfile", "directivecheck", "effectiveuser", "expose", "nofrom", "fromscratch", "notag", "sudo", "volumepresent", "nohealthcheck", "nodockerfile"),
	retire("filecheck", "files", "contentmatch", "filenamematch", "suidsgidcheck"),
	retire("fileparse_passwd", "passwd_file", "filenotstored", "usernamematch", "useridmatch", "groupidmatch", "shellmatch", "pentrymatch"),
	retire("gemcheck", "ruby_gems", "gemnotlatest", "gemnotofficial", "gembadversion", "gempkgfullmatch", "gempkgnamematch", "gemnofeed"),
	retire("metadatacheck", "metadata", "attributecheck"),
	retire("licblacklist", "licenses", "licfullmatch", "licsubmatch"),
	retire("npmcheck", "npms", "npmnotlatest", "npmnotofficial", "npmbadversion", "npmpkgfullmatch", "npmpkgnamematch", "npmnofeed"),
	retire("pkgblacklist", "packages", "pkgfullmatch", "pkgnamematch"),
	retire("secretcheck", "secret_scans", "contentmatch", "filenamematch"),
}

func retire(name, successor string, triggers ...string) *Gate {
	g := &Gate{Name: name, Description: "Retired; it is no longer evaluated.", Retired: true, SupersededBy: successor}
	for _, t := range triggers {
		g.Triggers = append(g.Triggers, Trigger{Name: t, Description: "Retired with its gate."})
	}
	return g
}
