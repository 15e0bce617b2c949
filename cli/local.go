package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/spf13/cobra"

	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// localOptions are what scan and analyze have in common.
type localOptions struct {
	output, platform string
	plainHTTP        bool
	insecure         bool
	quiet            bool
}

func (o *localOptions) flags(cmd *cobra.Command, forms []string) {
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "table", "form of the result: "+strings.Join(forms, ", "))
	f.StringVar(&o.platform, "platform", "", "os/architecture[/variant] to choose from an index (default linux/amd64, else the first)")
	f.BoolVar(&o.plainHTTP, "plain-http", false, "speak HTTP to the registry (loopback may always)")
	f.BoolVar(&o.insecure, "insecure", false, "do not check the registry's TLS certificate")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	AddFlags(f, true)
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// localRun is one run of scan or analyze.
type localRun struct {
	app      *app
	options  *localOptions
	settings Settings
	local    *engine.Local
	progress *localProgress
	// image that is open.
	image *source.Image
	// verified says whether the image is what it was when it was read; it waits until that is known.
	verified func() error
	close    []func() error
}

// softMemory is where the collection of garbage becomes eager. Contents of files come and go faster than it would run by
// itself, and the process would grow by what is not needed any more. GOMEMLIMIT says otherwise.
const softMemory = 256 << 20

// startLocal opens the data directory and makes the reader.
func (a *app) startLocal(cmd *cobra.Command, o *localOptions) (*localRun, error) {
	if err := report.Check(o.output); err != nil {
		return nil, usage(cmd, err)
	}
	settings, err := Load(cmd.Flags(), a.environ)
	if err != nil {
		return nil, usage(cmd, err)
	}
	if lookup(a.environ, "GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	run := &localRun{app: a, options: o, settings: settings, progress: newLocalProgress(a.err, o.quiet)}
	for _, w := range settings.Warnings {
		run.progress.say("%s", w)
	}
	s, err := openLocalStore(cmd.Context(), settings)
	if err != nil {
		return nil, err
	}
	run.close = append(run.close, s.Close)
	key, err := installationKey(settings)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	reader, err := newReader(settings, key, run.progress.analysis)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	run.local = &engine.Local{
		Store: s, Feeds: feedConfig(settings), Log: slog.New(slog.DiscardHandler), Now: time.Now, Progress: func(s string) { run.progress.step("%s", s) },
		Reader:  reader,
		TempDir: tempDir(settings.Data),
	}
	return run, nil
}

// tempDir is where the spool lies: beside the data, where there is room; the system's directory when that cannot be made.
func tempDir(data string) string {
	dir := filepath.Join(data, "tmp")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return dir
}

func feedConfig(s Settings) engine.FeedConfig {
	c := engine.FeedConfig{Places: s.Feeds.Places, Ecosystems: s.Feeds.Ecosystems, Interval: s.Feeds.Interval, Trust: s.Feeds.Trust, Proxy: map[string]string{}}
	for name, address := range s.Feeds.Proxy {
		c.Proxy[name] = address.Reveal()
	}
	return c
}

// openLocalStore opens the store beside a server that may hold it: then nothing is migrated.
func openLocalStore(ctx context.Context, settings Settings) (*store.Store, error) {
	s, err := store.Open(ctx, store.Options{DataDir: settings.Data, DatabaseURL: settings.DatabaseURL.Reveal()})
	if err != nil {
		return nil, err
	}
	if err := migrateLocal(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// migrationPatience is how long a scan waits for another one that has just begun to make the database.
const migrationPatience = 10 * time.Second

func migrateLocal(ctx context.Context, s *store.Store) error {
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		current, err := s.SchemaCurrent(ctx)
		if err != nil || current {
			return err
		}
		release, err := s.LockSyncing()
		switch {
		case err == nil:
			return errors.Join(s.Migrate(ctx), release())
		case !errors.Is(err, store.ErrHeld):
			return err
		case time.Since(begin) > migrationPatience:
			return errors.New("a running server holds the data directory with an older schema: upgrade and restart the server first")
		}
	}
}

func (r *localRun) done() {
	r.progress.end()
	for _, c := range slices.Backward(r.close) {
		_ = c()
	}
}

// open opens the image that the user named, with his own registry logins.
func (r *localRun) open(cmd *cobra.Command, name string) (*source.Image, error) {
	o := source.Options{Registry: source.RegistryOptions{Keychain: authn.DefaultKeychain, PlainHTTP: r.options.plainHTTP, SkipVerify: r.options.insecure}}
	if r.options.platform != "" {
		p, err := image.ParsePlatform(r.options.platform)
		if err != nil {
			return nil, usage(cmd, err)
		}
		o.Platform = &p
	}
	r.progress.step("looking for %s", name)
	return source.Open(cmd.Context(), name, o)
}

// write shows the result, once it is sure: all of it or nothing.
func (r *localRun) write(result *report.Result) error {
	style := report.Style{}
	if terminal.Is(r.app.out) {
		style = report.Style{Width: terminal.Width(r.app.out), Color: true, Indent: true}
	}
	var out bytes.Buffer
	result.Ended = time.Now()
	err := report.Write(&out, r.options.output, result, style)
	if changed := r.verified(); changed != nil {
		err = changed
	}
	r.progress.end()
	if err != nil {
		return err
	}
	_, err = out.WriteTo(r.app.out)
	return err
}

// localProgress shows what happens: one line that changes on a terminal, plain lines elsewhere.
type localProgress struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool
	quiet bool
	shown bool
	last  time.Time
	read  map[int]int64
	total map[int]int64
}

func newLocalProgress(w io.Writer, quiet bool) *localProgress {
	return &localProgress{w: w, live: terminal.Is(w), quiet: quiet, read: map[int]int64{}, total: map[int]int64{}}
}

// say writes a line that stays.
func (p *localProgress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.w, terminal.Escape(fmt.Sprintf(format, args...)))
}

// step tells what begins.
func (p *localProgress) step(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet {
		return
	}
	text := terminal.Escape(fmt.Sprintf(format, args...))
	if !p.live {
		fmt.Fprintln(p.w, text)
		return
	}
	p.clear()
	fmt.Fprint(p.w, text)
	p.shown = true
}

func (p *localProgress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// end removes the line that changes.
func (p *localProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// analysis follows the reading of layers.
func (p *localProgress) analysis(e analysis.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet {
		return
	}
	switch e.Step {
	case "read":
		p.read[e.Layer], p.total[e.Layer] = e.Bytes, e.Total
	case "known", "done":
		if !p.live {
			fmt.Fprintf(p.w, "layer %d %s %s\n", e.Layer, e.Digest.Short(), map[string]string{"known": "is known", "done": "read"}[e.Step])
		}
		p.read[e.Layer] = p.total[e.Layer]
	}
	if !p.live || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	var read, total int64
	for i := range p.total {
		read, total = read+p.read[i], total+p.total[i]
	}
	p.clear()
	fmt.Fprintf(p.w, "reading layers: %.1f of %.1f MiB", float64(read)/(1<<20), float64(total)/(1<<20))
	p.shown = true
}
