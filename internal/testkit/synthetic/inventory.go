package synthetic

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Inventory describes images that share what real ones share: each is built on one of a few bases, whose packages are one
// set for all images on it, and holds a set of its application, of which there are ten builds with the same packages.
type Inventory struct {
	Seed uint64
	// Images in all; Bases that they are built on, 0 means 500 or what fits.
	Images, Bases int
	// Documents writes the documents of the analyses too, and a tag for each image.
	Documents bool
}

// How many packages an image has: of its base, and of its application.
const (
	basePackages = 250
	appPackages  = 50
	buildsOfApp  = 10
)

// system is a distribution that bases are made of.
type system struct {
	folder, ecosystem, id, version string
	packages                       image.PackageType
	share                          int // of ten bases
}

var systems = []system{
	{"Debian", "Debian:12", "debian", "12", image.Deb, 5},
	{"Ubuntu", "Ubuntu:22.04", "ubuntu", "22.04", image.Deb, 2},
	{"Alpine", "Alpine:v3.20", "alpine", "3.20.1", image.APK, 2},
	{"AlmaLinux", "AlmaLinux:9", "almalinux", "9.4", image.RPM, 1},
}

// languages are what applications are made of.
var languages = []struct {
	folder   string
	packages image.PackageType
}{{"npm", image.NPM}, {"PyPI", image.Python}, {"Go", image.Golang}}

// Folders are the ecosystems, as [Set] has them, that concern an inventory.
func (v Inventory) Folders() []string {
	return []string{"Debian", "Ubuntu", "Alpine", "AlmaLinux", "npm", "PyPI", "Go"}
}

func (v Inventory) bases() int {
	if v.Bases > 0 {
		return v.Bases
	}
	return max(1, min(500, v.Images/10))
}

// base is the packages of base j: those that all have, and others the more likely the lower their rank. Of
// each package the bases have about twenty versions, the newest tenth of all there are.
func (v Inventory) base(j int) []advisory.Package {
	r := random(v.Seed, "base", j)
	sys := systemOf(j)
	shape := shapeOf(sys.folder)
	release := sys.ecosystem[len(sys.folder)+1:]
	ranks := map[int]bool{}
	for n := range known {
		ranks[len(busy)+n] = true
	}
	for len(ranks) < basePackages {
		ranks[len(busy)+int(600*math.Pow(r.Float64(), 1.5))] = true
	}
	var list []advisory.Package
	for rank := range ranks {
		name, version := shape.name(rank), shape.form.version(900+5*((j/10+rank)%20), release)
		list = append(list, advisory.Package{
			Type: sys.packages, Ecosystem: sys.ecosystem, Name: name, Version: version, Arch: "amd64", SourceName: name, SourceVersion: version})
	}
	slices.SortFunc(list, func(a, b advisory.Package) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// app is the packages of application k.
func (v Inventory) app(k int) []advisory.Package {
	r := random(v.Seed, "app", k)
	language := languages[r.IntN(len(languages))]
	shape := shapeOf(language.folder)
	ranks := map[int]bool{}
	for len(ranks) < appPackages {
		ranks[int(float64(min(shape.packages, 4000))*math.Pow(r.Float64(), 3))] = true
	}
	var list []advisory.Package
	for rank := range ranks {
		list = append(list, advisory.Package{
			Type: language.packages, Ecosystem: language.folder, Name: shape.name(rank), Version: shape.form.version(700+10*version(v.Seed, rank, k), "")})
	}
	slices.SortFunc(list, func(a, b advisory.Package) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// version is one of thirty, the lower ones more often.
func version(seed uint64, rank, k int) int {
	f := rand.New(rand.NewPCG(seed, uint64(rank)<<32|uint64(k))).Float64()
	return int(30 * f * f)
}

// Write keeps the inventory in a store, as images of the account admin. Nothing is matched yet. Without Documents, what is
// asked about analyses fails.
func (v Inventory) Write(ctx context.Context, s *store.Store) error {
	err := s.Write(ctx, func(tx *store.Tx) error {
		return tx.PutAccount(ctx, store.Account{Name: store.AdminAccount, Type: "admin", State: "enabled"})
	})
	if err != nil {
		return err
	}
	bases, err := v.sets(ctx, s, "base", v.bases(), v.base)
	if err != nil {
		return err
	}
	apps, err := v.sets(ctx, s, "app", (v.Images+buildsOfApp-1)/buildsOfApp, v.app)
	if err != nil {
		return err
	}
	return each(ctx, s, v.Images, 100, func(tx *store.Tx, n int) error {
		j := n / buildsOfApp % len(bases)
		sys := systemOf(j)
		i := store.Image{
			Account: store.AdminAccount, Digest: digest("image", n), ImageID: digest("config", n), Status: store.Analyzed,
			Distro: sys.id, DistroVersion: sys.version, Architecture: "amd64", Size: 100 << 20, LayerCount: 6,
		}
		document := digest("analysis", n)
		if v.Documents {
			var err error
			if document, err = v.document(ctx, s, n, j); err != nil {
				return err
			}
		}
		a := store.Analysis{Document: document, ManifestDigest: i.Digest, ImageID: i.ImageID, DistroID: sys.id, DistroVersion: sys.version}
		if err := tx.PutAnalysis(ctx, &a, []int64{bases[j], apps[n/buildsOfApp]}); err != nil {
			return err
		}
		i.AnalysisID, i.AnalyzedAt = a.ID, a.CreatedAt
		if err := tx.InsertImage(ctx, &i); err != nil {
			return err
		}
		if v.Documents {
			t := store.Tag{Registry: "registry.example", Repository: fmt.Sprint("team/app-", n/buildsOfApp), Tag: fmt.Sprint("1.", n%buildsOfApp), Digest: i.Digest, Current: true}
			if err := tx.PutTag(ctx, i.ID, t); err != nil {
				return err
			}
		}
		return tx.SetAnalysis(ctx, i.ID, a.ID, a.CreatedAt)
	})
}

// systemOf is the system of base j.
func systemOf(j int) system {
	n := j % 10
	for _, s := range systems {
		if n -= s.share; n < 0 {
			return s
		}
	}
	return systems[0]
}

// sets keeps n package sets and gives their numbers.
func (v Inventory) sets(ctx context.Context, s *store.Store, kind string, n int, packages func(int) []advisory.Package) ([]int64, error) {
	ids := make([]int64, n)
	err := each(ctx, s, n, 1, func(tx *store.Tx, i int) error {
		rows, err := tx.UpsertPackages(ctx, packages(i), advisory.Package.Keys)
		if err != nil {
			return err
		}
		members := make([]int64, len(rows))
		for m := range rows {
			members[m] = rows[m].ID
		}
		ids[i], err = tx.PutPackageSet(ctx, digest(kind, v.Seed, i), members)
		return err
	})
	return ids, err
}

// each runs f for numbers below n, some in each transaction, and a few transactions at once where the database can. Packages
// are kept in the same order by all transactions only within one set.
func each(ctx context.Context, s *store.Store, n, step int, f func(tx *store.Tx, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for start := 0; start < n; start += step {
		g.Go(func() error {
			return s.Write(ctx, func(tx *store.Tx) error {
				if _, err := tx.ShareRevision(ctx); err != nil {
					return err
				}
				for i := start; i < min(start+step, n); i++ {
					if err := f(tx, i); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	return g.Wait()
}

func digest(of ...any) image.Digest { return image.DigestOf(fmt.Append(nil, of...)) }
