package gate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestMetadata(t *testing.T) {
	t.Parallel()
	full := &image.Analysis{
		Size: 1 << 20, Platform: image.Platform{Architecture: "amd64", OS: "windows"}, Layers: make([]image.Layer, 4),
		Distro: image.Distro{ID: "rocky", VersionID: "12", Like: []string{"rhel", "centos", "fedora"}},
	}
	fired := func(attribute, check, value, is string) string {
		return "|Attribute check for attribute: '" + attribute + "' check: '" + check + "' check_value: '" + value + "' matched image value: '" + is + "'"
	}
	for _, tc := range []struct {
		of                      *image.Analysis
		attribute, check, value string // the value "-" is absent
		want                    string
	}{
		{full, "size", "=", "1mb", fired("size", "=", "1048576", "1048576")},
		{full, "size", ">", "1048575", fired("size", ">", "1048575", "1048576")},
		{full, "size", ">", "1gb", ""},
		{full, "size", "<", "1gb", fired("size", "<", "1073741824", "1048576")},
		{full, "size", "<=", "0001024kb", fired("size", "<=", "1048576", "1048576")},
		{full, "size", "<", "99999999999999999999999tb", fired("size", "<", "109951162777599999999998900488372224", "1048576")},
		{full, "size", "!=", "1", fired("size", "!=", "1", "1048576")},
		{full, "size", "like", "10", fired("size", "like", "10", "1048576")},
		{full, "size", "not_like", "10", ""},
		{full, "size", "in", "1mb", fired("size", "in", "1048576", "1048576")},
		{full, "size", "not_in", "2mb", fired("size", "not_in", "2097152", "1048576")},
		{full, "size", "exists", "-", fired("size", "exists", "", "1048576")},
		{full, "size", "exists", "5", fired("size", "exists", "5", "1048576")},
		{full, "size", "not_exists", "-", ""},
		{full, "layer_count", ">=", " 04 ", fired("layer_count", ">=", "4", "4")},
		{full, "layer_count", ">", "10", ""}, // a number, no text
		{full, "architecture", "in", "arm64, amd64", fired("architecture", "in", "arm64, amd64", "amd64")},
		{full, "architecture", "not_in", "arm64, amd64", ""},
		{full, "architecture", "=", "AMD64", ""},
		{full, "architecture", "=", "", ""}, // nothing to compare with
		{full, "architecture", "!=", "", ""},
		{full, "architecture", "exists", "", fired("architecture", "exists", "", "amd64")},
		{full, "os_type", "=", "windows", fired("os_type", "=", "windows", "windows")},
		{full, "distro", "like", "ro", fired("distro", "like", "ro", "rocky")},
		{full, "distro", "like", "ky", ""},
		{full, "distro", "not_like", "ky", fired("distro", "not_like", "ky", "rocky")},
		{full, "distro_version", ">", "9", ""}, // as texts
		{full, "distro_version", "<", "9", fired("distro_version", "<", "9", "12")},
		{full, "like_distro", "=", "rhel,centos,fedora", fired("like_distro", "=", "rhel,centos,fedora", "rhel,centos,fedora")},
		{&image.Analysis{}, "distro", "=", "Unknown", fired("distro", "=", "Unknown", "Unknown")},
		{&image.Analysis{}, "distro_version", "=", "0", fired("distro_version", "=", "0", "0")},
		{&image.Analysis{}, "like_distro", "=", "Unknown", fired("like_distro", "=", "Unknown", "Unknown")},
		{&image.Analysis{Distro: image.Distro{ID: "a:b", VersionID: "1"}}, "like_distro", "=", "a:b", fired("like_distro", "=", "a:b", "a:b")},
		{&image.Analysis{Distro: image.Distro{ID: "a:b", VersionID: "1"}}, "distro_version", "=", "1", fired("distro_version", "=", "1", "1")},
		{&image.Analysis{}, "os_type", "=", "linux", fired("os_type", "=", "linux", "linux")},
		{&image.Analysis{}, "layer_count", "exists", "-", ""},
		{&image.Analysis{}, "layer_count", "=", "0", fired("layer_count", "=", "0", "0")},
		{&image.Analysis{}, "size", "exists", "-", ""},
		{&image.Analysis{}, "size", "not_exists", "-", fired("size", "not_exists", "", "None")},
		{&image.Analysis{}, "size", "<", "1gb", ""},
		{&image.Analysis{}, "size", "!=", "1gb", fired("size", "!=", "1073741824", "None")},
		{&image.Analysis{}, "architecture", "not_in", "a", fired("architecture", "not_in", "a", "None")},
		{&image.Analysis{}, "architecture", "in", "None", ""},
		{&image.Analysis{}, "architecture", "like", ".*", ""},
		{&image.Analysis{}, "architecture", "not_like", "x", ""},
	} {
		params := []string{"attribute=" + tc.attribute, "check=" + tc.check}
		if tc.value != "-" {
			params = append(params, "value="+tc.value)
		}
		if got := strings.Join(run(t, &gate.Context{Analysis: tc.of}, "metadata/attribute", params...), "\n"); got != tc.want {
			t.Errorf("%q:\n got %s\nwant %s", params, got, tc.want)
		}
	}
}

func TestMetadataValues(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ params, want string }{
		{"attribute=size check==", `parameter "value": required parameter`},
		{"attribute=distro check=like", `parameter "value": required parameter`},
		{"attribute=size check=exists", ""},
		{"attribute=size check=exists value=", "'' does not match '^([0-9]+)([kmgt]b)?$'"},
		{"attribute=size check=> value=1MB", "'1MB' does not match"},
		{"attribute=size check=> value=1.5gb", "'1.5gb' does not match"},
		{"attribute=size check=> value=10b", "'10b' does not match"},
		{"attribute=size check=> value=" + strings.Repeat("9", 31), "the number has 31 digits; 30 are allowed"},
		{"attribute=layer_count check=> value=1mb", `'1mb' does not match '^\\s*[\\d]+\\s*$'`},
		{"attribute=layer_count check=> value=3", ""},
		{"attribute=distro check=like value=(", "is not valid"},
		{"attribute=distro check== value=(", ""},
		{"attribute=nothing check== value=(", "'nothing' is not one of"},
		{"attribute=distro check=~ value=x", "'~' is not one of"},
	} {
		_, errs := newCheck(t, "metadata/attribute", strings.Fields(tc.params)...)
		text := ""
		for _, err := range errs {
			text += err.Error()
		}
		if tc.want == "" && text != "" || !strings.Contains(text, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.params, text, tc.want)
		}
	}
	criteria, err := json.Marshal(gate.Find("metadata").Triggers[0].Params[2].Type.Criteria)
	want := `{"anyOf":[{"pattern":"^\\s*[\\d]+\\s*$","type":"string"},{"type":"string"},{"pattern":"^([0-9]+)([kmgt]b)?$","type":"string"}]}`
	if err != nil || string(criteria) != want {
		t.Errorf("got %s, %v", criteria, err)
	}
}
