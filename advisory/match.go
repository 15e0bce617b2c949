package advisory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Match says which vulnerabilities p has by these records, each as one [Finding] with all that speaks of it, sorted by
// id. The records are those filed under p's keys; others, and withdrawn ones, change nothing. exploited gives the day
// on which CISA's catalogue took up a CVE.
//
// A record that states that the package is not affected wins over records that hold it: the finding stays, with both
// as evidence, and its state is [NotAffected]. Where no record holds the package, such a statement alone is no finding.
//
// The problems, one sentence each, name what could not be told: versions that are not understood, modules without a
// stream. They are no findings, and no proof that there is none.
func Match(p Package, records []*Record, exploited map[string]string) (findings []Finding, problems []string) {
	m := newMatcher(&p)
	if len(m.lookups) == 0 {
		return nil, nil
	}
	if p.groupless() {
		var group string
		if group, m.inferred = InferGroup(p, records); group == "" {
			return nil, nil
		}
		m.lookups[0].Name = group + ":" + p.Name
	}
	seen := make(map[string]bool, len(records))
	var hits []hit
	for _, r := range records {
		if r == nil || seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		if h, says := m.match(r); says >= denied {
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return strings.Compare(a.record.ID, b.record.ID) })
	if p.Type.OS() {
		findings = joinByCVE(hits)
	} else {
		findings = joinByAlias(hits)
	}
	for i := range findings {
		for _, id := range findings[i].IDs {
			if day := exploited[id]; day != "" && (findings[i].KnownExploited == "" || day < findings[i].KnownExploited) {
				findings[i].KnownExploited = day
			}
		}
	}
	slices.SortFunc(findings, func(a, b Finding) int { return strings.Compare(a.ID, b.ID) })
	slices.Sort(m.problems)
	return findings, slices.Compact(m.problems)
}

// matcher matches one package.
type matcher struct {
	pkg       *Package
	lookups   []lookup
	installed map[string]*parsedVersion
	problems  []string
	inferred  string // as in [Evidence]
}

func newMatcher(p *Package) *matcher {
	return &matcher{pkg: p, lookups: p.lookups(), installed: map[string]*parsedVersion{}}
}

// verdict is what one record says about one package.
type verdict uint8

const (
	// silent: it does not speak of the package, or what it says could not be read.
	silent verdict = iota
	// spared: it speaks of the package and not of this version.
	spared
	// denied: it states that the package is not affected.
	denied
	// held: it holds this version.
	held
)

// version reads the installed version once.
func (m *matcher) version(l *lookup) *parsedVersion {
	v := m.installed[l.version]
	if v == nil {
		v = parseInstalled(l.Ecosystem, l.version)
		m.installed[l.version] = v
	}
	return v
}

// match evaluates all entries of a record that name the package. Where one holds it and another denies that, the record
// holds it.
func (m *matcher) match(r *Record) (h hit, says verdict) {
	if !r.Withdrawn.IsZero() {
		return h, silent
	}
	var failed error
	nearer := m.namesBinary(r)
	entries, single := 0, true
	for i := range r.Affected {
		a := &r.Affected[i]
		l := m.about(r, a, nearer)
		if l == nil {
			continue
		}
		says = max(says, spared)
		denies := FixState(a.State) == NotAffected
		if denies && says > denied {
			continue
		}
		v := m.version(l)
		if !denies {
			entries++
			single = single && a.single()
		}
		reached, err := a.affects(v)
		if !reached.held {
			if err != nil {
				failed = err
			}
			continue
		}
		found := held
		if denies {
			found = denied
		}
		if says < found {
			says = found
			h = hit{record: r, order: v.order, denies: denies, evidence: Evidence{
				Record: r.ID, Ecosystem: l.Ecosystem, Package: l.Name, Compared: l.version, Range: strings.Join(reached.words, " || ") + a.conditions(),
				State: FixState(a.State), Inferred: m.inferred,
			}}
		}
		if denies {
			continue
		}
		h.fixes = append(h.fixes, reached.fixed...)
		h.last = cmp.Or(reached.last, h.last)
		if a.State != "" && h.state == "" {
			h.state = FixState(a.State)
		}
		if a.Word != "" {
			h.words = append(h.words, a.Word)
		}
		h.words = append(h.words, bareWords(a.Severity)...)
		h.addScores(a.Severity)
	}
	if says == held {
		h.addScores(r.Severity)
		if !single || entries > 1 {
			m.join(r, &h, nearer)
		} else if len(h.fixes) > 0 && m.lists(r, h.fixes[0], nearer) {
			h.disputed, h.fixes = h.fixes[0], nil
		}
		if len(h.fixes) == 0 && h.last != "" {
			if fix := m.namedFix(r, h.last, nearer); fix != "" {
				h.fixes = []string{fix}
			}
		}
		h.fixes = sortVersions(h.order, h.fixes)
		h.evidence.State = h.state
		if h.evidence.NoFix = h.noFix(); len(h.fixes) > 0 {
			h.evidence.Fixed = h.fixes[0]
		}
	}
	if says < denied && failed != nil {
		m.problems = append(m.problems, m.problem(r, failed))
		says = silent
	}
	return h, says
}

// about is the lookup by which the entry is about the package; nil when it is not.
func (m *matcher) about(r *Record, a *Affected, nearer bool) *lookup {
	l := m.named(a)
	if l == nil || nearer && l.only == bySource || !m.concerns(r, a) || !sameVariant(l, a) {
		return nil
	}
	return l
}

// problem says why a record was not compared: once for all records where it lies with the installed version.
func (m *matcher) problem(r *Record, failed error) string {
	if m.pkg.Version == "" {
		return fmt.Sprintf("%s has no version to compare with advisories", m.pkg.Name)
	}
	for i := range m.lookups {
		if v := m.version(&m.lookups[i]); v.err != nil {
			return fmt.Sprintf("%s was not compared with advisories: %v", m.pkg.Name, v.err)
		}
	}
	return fmt.Sprintf("%s %s was not compared with %s: %v", m.pkg.Name, m.pkg.Version, r.ID, failed)
}

// named is the lookup under which the entry names the package; nil when it does not.
func (m *matcher) named(a *Affected) *lookup {
	for i := range m.lookups {
		if l := &m.lookups[i]; a.Package == l.Name && a.Ecosystem == l.Ecosystem && l.fits(a) {
			return l
		}
	}
	return nil
}

// namesBinary says whether a record that tells source packages from binary ones names this binary package: then that
// counts, and not what it says of the source package.
func (m *matcher) namesBinary(r *Record) bool {
	if m.lookups[0].only != byBinary {
		return false
	}
	for i := range r.Affected {
		if a := &r.Affected[i]; m.named(a) == &m.lookups[0] && m.concerns(r, a) {
			return true
		}
	}
	return false
}

// concerns says whether architecture and module of the entry are the package's: a fix of one module stream says
// nothing about another, and nothing about a package outside of modules.
func (m *matcher) concerns(r *Record, a *Affected) bool {
	if len(a.Arches) > 0 && !a.ofSource() && m.pkg.Arch != "" && !slices.Contains(a.Arches, m.pkg.Arch) {
		return false
	}
	if a.foreign() {
		return false
	}
	modular := m.pkg.Modularity != "" || strings.Contains(m.pkg.Version, ".module")
	if !modular || a.Module == "" {
		return modular == (a.Module != "")
	}
	if m.pkg.Modularity == "" || a.Module == UnnamedModule {
		m.problems = append(m.problems, fmt.Sprintf("%s was not compared with %s: the stream of its module is not known", m.pkg.Name, r.ID))
		return false
	}
	for stream := range strings.SplitSeq(a.Module, ",") {
		if m.pkg.Modularity == stream || strings.HasPrefix(m.pkg.Modularity, stream+":") {
			return true
		}
	}
	return false
}

// sortVersions sorts, lowest first, and drops what is there twice.
func sortVersions(o *order, list []string) []string {
	if len(list) < 2 {
		return list
	}
	slices.Sort(list)
	list = slices.Compact(list)
	slices.SortStableFunc(list, func(a, b string) int {
		v, err := o.parseVersion(a)
		if err != nil {
			return 0
		}
		w, err := o.parseVersion(b)
		if err != nil {
			return 0
		}
		c, err := v.compare(w)
		if err != nil {
			return 0
		}
		return c
	})
	return list
}
