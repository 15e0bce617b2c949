package main

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ids reads the ids of the records in a bundle.
func ids(t *testing.T, bundle string) map[string]bool {
	t.Helper()
	z, err := zip.OpenReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	found := map[string]bool{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var record struct{ ID string }
		if err := json.NewDecoder(r).Decode(&record); err != nil || record.ID+".json" != f.Name {
			t.Errorf("%s holds the record %q, %v", f.Name, record.ID, err)
		}
		_ = r.Close()
		found[record.ID] = true
	}
	return found
}

func exploited(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var catalogue struct {
		Count           int
		Vulnerabilities []struct{ CveID, VulnerabilityName string }
	}
	decode(t, text, &catalogue)
	if catalogue.Count != len(catalogue.Vulnerabilities) {
		t.Errorf("%s counts %d entries and has %d", file, catalogue.Count, len(catalogue.Vulnerabilities))
	}
	found := map[string]string{}
	for _, v := range catalogue.Vulnerabilities {
		found[v.CveID] = v.VulnerabilityName
	}
	return found
}

func TestTheSecondDayAddsToTheFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := layOut(dir, 1); err != nil {
		t.Fatal(err)
	}
	goFile, kevFile := filepath.Join(dir, "osv", "Go", "all.zip"), filepath.Join(dir, "kev.json")
	first, firstKEV := ids(t, goFile), exploited(t, kevFile)
	if len(ids(t, filepath.Join(dir, "osv", "Debian", "all.zip"))) == 0 || !first["GO-2023-2102"] || first["GO-2024-3333"] {
		t.Errorf("the first day has other records than the story tells: %v", first)
	}
	if err := layOut(dir, 2); err != nil {
		t.Fatal(err)
	}
	second, secondKEV := ids(t, goFile), exploited(t, kevFile)
	if len(second) != len(first)+1 || !second["GO-2024-3333"] {
		t.Errorf("the second day has %d records after %d, want one more: GO-2024-3333", len(second), len(first))
	}
	if name, there := secondKEV["CVE-2023-39325"]; !there || !strings.Contains(name, "INVENTED") || len(secondKEV) != len(firstKEV)+1 {
		t.Errorf("the second day's catalogue must add CVE-2023-39325 and say that it is invented: %v", secondKEV)
	}
}

func TestRequirementsArePinned(t *testing.T) {
	t.Parallel()
	for _, r := range requirements() {
		if !strings.Contains(string(programSum), r+" h1:") {
			t.Errorf("go.sum does not pin %s", r)
		}
	}
	if len(requirements()) == 0 {
		t.Error("the program requires nothing")
	}
}
