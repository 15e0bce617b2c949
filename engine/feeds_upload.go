package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// upload is an archive that waits for its job, in pieces among the blobs: the job may run on another node.
type upload struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Size   int64          `json:"size"`
	Pieces []image.Digest `json:"pieces"`
}

const settingUpload = "feeds.upload"

// uploadPiece is how many bytes of an archive are one blob.
const uploadPiece = 8 << 20

// Import takes an archive of advisory data: checks it as a whole, and puts what is new in it in force as a sync does. One
// runs at a time, and no sync beside it.
func (u *Feeds) Import(ctx context.Context, body io.Reader, r ImportFeeds) ([]SyncResult, error) {
	if !u.uploading.TryLock() {
		return nil, syncRunning()
	}
	args, err := u.takeUpload(ctx, body, r)
	u.uploading.Unlock()
	if err != nil {
		return nil, err
	}
	return u.do(ctx, args, r.Wait)
}

// free fails while a sync runs or is about to.
func (u *Feeds) free(ctx context.Context) error {
	live, err := u.store.LiveJobs(ctx, syncArgs{}.Kind())
	if err == nil && live > 0 {
		err = syncRunning()
	}
	return err
}

// takeUpload checks what comes and leaves it to a job, whose arguments it gives.
func (u *Feeds) takeUpload(ctx context.Context, body io.Reader, r ImportFeeds) (syncArgs, error) {
	none := syncArgs{}
	if err := u.free(ctx); err != nil {
		return none, err
	}
	spool, err := spoolUpload(u.sync.fetcher.temp, body)
	if err != nil {
		return none, err
	}
	defer discard(spool)
	up := upload{ID: rand.Text(), Name: fileName(r.Name)}
	if up.Size, err = spool.Seek(0, io.SeekEnd); err != nil {
		return none, err
	}
	a, err := archive.Open(spool, up.Size, up.Name, archive.Trust{Keys: u.config.Trust, Unsigned: r.AllowUnsigned})
	if err != nil {
		return none, archiveRefused(err)
	}
	args := syncArgs{Upload: up.ID, AcceptShrink: r.AcceptShrink, AcceptOlder: r.AcceptOlder}
	states, err := sources(ctx, u.store)
	if err == nil {
		err = u.sync.notOlder(a, states, args)
	}
	if err == nil {
		err = u.free(ctx) // the pieces of one that waits must stay
	}
	if err != nil {
		return none, err
	}
	return args, u.keepUpload(ctx, spool, up)
}

// archiveRefused is what people are told of an archive that is not taken.
func archiveRefused(err error) error {
	if refused, ok := errors.AsType[*feed.Refused](err); ok {
		return Errorf(ClassInvalid, "archive_refused", "%w", refused)
	}
	return err
}

// spoolUpload writes what comes to a temporary file, within bounds.
func spoolUpload(temp string, body io.Reader) (*os.File, error) {
	f, err := os.CreateTemp(temp, "import-*")
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(f, io.LimitReader(body, archive.MaxSize+1))
	switch {
	case err != nil:
		err = Errorf(ClassInvalid, "body_not_read", "the archive did not arrive completely: %w", err)
	case n > archive.MaxSize:
		err = Errorf(ClassInvalid, "archive_refused", "the archive is larger than %d GiB", archive.MaxSize>>30)
	}
	if err != nil {
		discard(f)
		return nil, err
	}
	return f, nil
}

func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// fileName is a file's name as it can be shown.
func fileName(s string) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	if s = s[strings.LastIndexAny(s, `/\`)+1:]; s == "" || len(s) > 200 {
		return "advisory data"
	}
	return s
}

// keepUpload puts a file among the blobs; what is there of one before, whose job never ended, goes.
func (u *Feeds) keepUpload(ctx context.Context, f io.ReaderAt, up upload) error {
	piece := func(i int64) ([]byte, error) {
		b := make([]byte, min(uploadPiece, up.Size-i*uploadPiece))
		_, err := f.ReadAt(b, i*uploadPiece)
		return b, err
	}
	count := (up.Size + uploadPiece - 1) / uploadPiece
	for i := range count {
		b, err := piece(i)
		if err != nil {
			return err
		}
		up.Pieces = append(up.Pieces, image.DigestOf(b))
	}
	if err := u.dropUpload(ctx); err != nil {
		return err
	}
	// What is about to be kept is written down first: a crash leaves nothing that nobody knows of.
	if err := u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, settingUpload, string(encode(up))) }); err != nil {
		return err
	}
	for i := range count {
		b, err := piece(i)
		if err == nil {
			_, err = u.store.Blobs().Put(ctx, b)
		}
		if err != nil {
			return errors.Join(err, u.dropUpload(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// waiting is the archive that waits for its job; its ID is "" when none does.
func (u *Feeds) waitingUpload(ctx context.Context) (up upload, err error) {
	raw, err := u.store.Setting(ctx, settingUpload)
	if err != nil || raw == "" {
		return up, err
	}
	return up, json.Unmarshal([]byte(raw), &up)
}

func (u *Feeds) dropUpload(ctx context.Context) error {
	up, err := u.waitingUpload(ctx)
	if err != nil || up.ID == "" {
		return err
	}
	for _, d := range up.Pieces {
		if err := u.store.Blobs().Delete(ctx, d); err != nil {
			return err
		}
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, settingUpload, "") })
}

// runUpload is the job of an import.
func (u *Feeds) runUpload(ctx context.Context, args syncArgs) ([]SyncResult, error) {
	up, err := u.waitingUpload(ctx)
	if err != nil {
		return nil, err
	}
	if up.ID != args.Upload {
		return nil, errors.New("the uploaded archive is gone: upload it again")
	}
	out, err := u.importUpload(ctx, up, args)
	if ctx.Err() != nil || errors.Is(err, store.ErrSyncing) {
		return out, err // what was uploaded stays for the next try
	}
	return out, errors.Join(err, u.dropUpload(ctx))
}

func (u *Feeds) importUpload(ctx context.Context, up upload, args syncArgs) ([]SyncResult, error) {
	f, err := os.CreateTemp(u.sync.fetcher.temp, "import-*")
	if err != nil {
		return nil, err
	}
	defer discard(f)
	for _, d := range up.Pieces {
		b, err := u.store.Blobs().Get(ctx, d)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			return nil, fmt.Errorf("the uploaded archive: %w", err)
		}
	}
	// Whether its signature is enough was decided when it came.
	a, err := archive.Open(f, up.Size, up.Name, archive.Trust{Keys: u.config.Trust, Unsigned: true})
	if err != nil {
		return nil, archiveRefused(err)
	}
	return u.sync.importArchive(ctx, a, args)
}
