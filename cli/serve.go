package cli

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/secret"
	"landwaiter.dev/notify"
	"landwaiter.dev/policy"
	"landwaiter.dev/sbom"
	"landwaiter.dev/server"
	v1 "landwaiter.dev/server/v1"
	"landwaiter.dev/store"
)

// serveCommand is `landwaiter serve`.
func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		GroupID: here,
		Use:     "serve",
		Short:   "Run the server: the /v1 API and the work behind it",
		Long: `Runs the server. Settings come from flags, LANDWAITER_* variables or a YAML file (--config), in that order:

` + SettingsHelp(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := Load(cmd.Flags(), a.environ)
			if err != nil {
				return usage(cmd, err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return a.serve(ctx, settings)
		},
	}
	AddFlags(cmd.Flags(), false)
	return cmd
}

// serve runs until ctx ends.
func (a *app) serve(ctx context.Context, settings Settings) (err error) {
	log := slog.New(slog.NewTextHandler(a.err, nil))
	for _, w := range settings.Warnings {
		log.Warn("setting", "note", w)
	}
	s, err := store.Open(ctx, store.Options{DataDir: settings.Data, DatabaseURL: settings.DatabaseURL.Reveal()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.Embedded() {
		release, err := s.LockData()
		if err != nil {
			return err
		}
		defer func() { _ = release() }()
	}
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	key, err := installationKey(settings)
	if err != nil {
		return err
	}
	if err := checkKey(ctx, s, key); err != nil {
		return err
	}
	if err := a.ensureAdmin(ctx, s, settings); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", settings.Listen, err)
	}
	e, err := a.engine(s, settings, key, "http://"+listener.Addr().String(), log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	srv := &http.Server{
		Handler: server.New(server.Options{Services: services(e), Auth: e.Auth, Log: log}), ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes: server.MaxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	if err := e.Start(ctx); err != nil {
		return errors.Join(err, srv.Close())
	}
	log.Info("serving", "url", "http://"+listener.Addr().String()+"/v1", "store", s.String(), "data", settings.Data, "roles", strings.Join(settings.Roles, ","), "version", a.version)
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("stopping")
	}
	bye, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return errors.Join(ignoreClosed(err), srv.Shutdown(bye), e.Stop(bye))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// services hands the use cases to the routes.
func services(e *engine.Engine) v1.Services {
	return v1.Services{
		Images: e.Images, Imports: e.Imports, Content: e.Content, Bases: e.Bases, Vulnerabilities: e.Vulns, Queries: e.Queries, Checks: e.Checks, Policies: e.Policies,
		Subscriptions: e.Subscriptions, Registries: e.Registries, Notices: e.Notices, Feeds: e.Feeds, FeedArchives: e.Feeds, System: e.System, VEX: e.VEX, Evaluations: e.Evaluations, Simulations: e.Simulations,
		PolicySpec: func() any { return policy.Spec() }, FeedGroup: advisory.FeedGroup, SchemaVersion: store.SchemaVersion(),
	}
}

// engine wires the engine of this node.
func (a *app) engine(s *store.Store, settings Settings, key seal.Key, baseURL string, log *slog.Logger) (*engine.Engine, error) {
	host, err := hostID(settings)
	if err != nil {
		return nil, err
	}
	urls := map[string]string{notify.General: settings.Webhooks.General.Reveal()}
	for kind, u := range settings.Webhooks.ByType {
		urls[kind] = u.Reveal()
	}
	reader, err := newReader(settings, key, nil)
	if err != nil {
		return nil, err
	}
	return engine.New(s, engine.Config{
		HostID: host, BaseURL: baseURL, Version: a.version, Roles: settings.Roles, Key: key,
		Passwords: secret.NewVerifier(time.Minute, 2), Reader: reader,
		SBOM: decodeSBOM, Feeds: feedConfig(settings), WatchInterval: settings.WatchInterval,
		Signers:      settings.Signers,
		Attestations: engine.AttestationConfig{Fetch: settings.Analysis.Attestations, Trust: settings.TrustAttestations}, Retention: settings.RetentionEvaluations,
		Webhooks: notify.WebhookConfig{URLs: urls, AllowPrivate: settings.Webhooks.AllowPrivate, Key: []byte(settings.Webhooks.Key.Reveal())},
		TempDir:  tempDir(settings.Data), Log: log, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	})
}

// decodeSBOM reads the document of an imported image.
func decodeSBOM(r io.Reader) (*image.Analysis, error) {
	doc, err := sbom.Decode(r, "")
	if err != nil {
		return nil, err
	}
	return doc.Analysis, nil
}

func installationKey(settings Settings) (seal.Key, error) {
	if !settings.SecretKey.IsZero() {
		return seal.FromText(settings.SecretKey.Reveal())
	}
	return seal.FromFile(settings.Data)
}

// checkKey sees to it that all nodes of an installation have one key: what one seals another must open.
func checkKey(ctx context.Context, s *store.Store, key seal.Key) error {
	const setting = "key.check"
	mine := hex.EncodeToString(key.Derive("check")[:8])
	return s.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.Setting(ctx, setting)
		switch {
		case err != nil:
			return err
		case known == "":
			return tx.PutSetting(ctx, setting, mine)
		case known != mine:
			return errors.New("the secret key is not the one with which this database was begun: give every node the same LANDWAITER_SECRET_KEY, or the secret.key file of the first node's data directory")
		}
		return nil
	})
}

// hostID names this node: on the embedded store by one name, elsewhere by host and a name kept in the data directory, so
// that two nodes on a machine are two.
func hostID(settings Settings) (string, error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "landwaiter"
	}
	if settings.DatabaseURL.IsZero() {
		return host, nil
	}
	name, err := keptText(filepath.Join(settings.Data, "node.id"), func() string { return rand.Text()[:8] })
	return host + "-" + name, err
}

// ensureAdmin makes the user admin at the first start. A generated password is printed once and kept in the data
// directory.
func (a *app) ensureAdmin(ctx context.Context, s *store.Store, settings Settings) error {
	if _, err := s.User(ctx, store.AdminAccount); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	password := settings.AdminPassword.Reveal()
	generated := password == ""
	file := filepath.Join(settings.Data, "admin.password")
	if generated {
		var err error
		if password, err = keptText(file, func() string { return strings.ToLower(base32.StdEncoding.EncodeToString(random(15))) }); err != nil {
			return err
		}
	}
	hash, err := secret.Hash(password)
	if err != nil {
		return err
	}
	made, err := s.EnsureAdmin(ctx, hash)
	if err != nil || !made || !generated {
		return err
	}
	fmt.Fprintf(a.err, "\nThe user admin was made with the password  %s\nIt is kept in %s and not printed again.\n\n", password, file)
	return nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// keptText reads a small file of the data directory, and makes it when it is not there.
func keptText(file string, make func() string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	text := make()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	return text, os.WriteFile(file, []byte(text+"\n"), 0o600)
}
