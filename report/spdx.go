package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"

	"landwaiter.dev/image"
)

// writeSPDX writes an SPDX 2.3 document in JSON. It has no place for findings.
func writeSPDX(w io.Writer, r *Result, _ Style) error {
	a := r.Analysis
	const root = "Image"
	doc := &spdx.Document{
		SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: r.Name,
		DocumentNamespace: "https://landwaiter.dev/spdx/" + a.Digest.Hex(),
		CreationInfo: &spdx.CreationInfo{
			Created:  timestamp(r.At),
			Creators: []common.Creator{{CreatorType: "Tool", Creator: "landwaiter-" + r.Version}},
		},
		Packages: []*spdx.Package{{
			PackageName: r.Name, PackageSPDXIdentifier: root, PackageVersion: string(a.Digest), PackageDownloadLocation: "NOASSERTION",
			PrimaryPackagePurpose: "CONTAINER", PackageChecksums: []common.Checksum{{Algorithm: common.SHA256, Value: a.Digest.Hex()}},
			PackageLicenseConcluded: "NOASSERTION", PackageLicenseDeclared: "NOASSERTION", PackageCopyrightText: "NOASSERTION",
		}},
		Relationships: []*spdx.Relationship{{RefA: common.MakeDocElementID("", "DOCUMENT"), RefB: common.MakeDocElementID("", root), Relationship: "DESCRIBES"}},
	}
	var gaps []string
	for _, g := range r.Gaps {
		gaps = append(gaps, string(g.Kind)+": "+gapText(g))
	}
	doc.DocumentComment = strings.Join(gaps, "\n")
	for i := range a.Packages {
		p := &a.Packages[i]
		id := common.ElementID(fmt.Sprintf("Package-%d", i))
		entry := &spdx.Package{
			PackageName: p.Name, PackageSPDXIdentifier: id, PackageVersion: p.Version, PackageDownloadLocation: "NOASSERTION",
			PackageLicenseConcluded: "NOASSERTION", PackageLicenseDeclared: "NOASSERTION", PackageCopyrightText: "NOASSERTION",
			PackageSourceInfo: "from " + p.Location.Abs() + " in layer " + layerDigest(a, p.Layer),
			PackageExternalReferences: []*spdx.PackageExternalReference{{
				Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: image.PURL(p, a.Distro),
			}},
		}
		if p.Namespace != "" {
			entry.PackageName = p.Namespace + ":" + p.Name
		}
		// What is declared need not be an SPDX expression; it is a comment until it is known to be one.
		if len(p.Licenses) > 0 {
			entry.PackageLicenseComments = "declared: " + strings.Join(p.Licenses, ", ")
		}
		if p.Origin != "" {
			entry.PackageOriginator = &common.Originator{OriginatorType: "Organization", Originator: p.Origin}
		}
		doc.Packages = append(doc.Packages, entry)
		doc.Relationships = append(doc.Relationships, &spdx.Relationship{RefA: common.MakeDocElementID("", root), RefB: common.MakeDocElementID("", string(id)), Relationship: "CONTAINS"})
	}
	return json.Write(doc, w, json.Indent("  "))
}
