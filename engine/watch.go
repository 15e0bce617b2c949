package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/riverqueue/river"

	"landwaiter.dev/image"
	"landwaiter.dev/notify"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// watch asks every watched tag for its digest, by one HEAD request each, and adds the image when the tag moved.
type watch struct {
	store      *store.Store
	images     *Images
	registries *Registries
	notices    *notices
	log        *slog.Logger
}

// watchParallel is how many tags are asked at once.
const watchParallel = 8

func (u *watch) run(ctx context.Context, _ *river.Job[watchArgs]) error {
	subs, err := u.store.ActiveSubscriptions(ctx, notify.TagUpdate)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	todo := make(chan store.Subscription)
	for range watchParallel {
		wg.Go(func() {
			for s := range todo {
				if err := u.tag(ctx, s); err != nil && ctx.Err() == nil {
					// One tag that fails does not keep the others from being asked; it is asked again next time.
					u.log.Warn("watch failed", "tag", s.Key, "account", s.Account, "err", err.Error())
				}
			}
		})
	}
	for _, s := range subs {
		select {
		case todo <- s:
		case <-ctx.Done():
		}
	}
	close(todo)
	wg.Wait()
	return ctx.Err()
}

// tag looks at one tag.
func (u *watch) tag(ctx context.Context, s store.Subscription) error {
	ref, err := image.ParseReference(s.Key)
	if err != nil {
		return err
	}
	history, err := u.store.TagHistory(ctx, s.Account, ref.Registry, ref.Repository, ref.Tag)
	if err != nil {
		return err
	}
	opts, err := u.registries.options(ctx, s.Account, ref)
	if err != nil {
		return err
	}
	digest, err := source.Resolve(ctx, ref, opts)
	if err != nil {
		return err
	}
	if len(history) > 0 {
		newest, err := u.store.Image(ctx, s.Account, history[0].Digest)
		if err == nil && (newest.Digest == digest || newest.ParentDigest == digest) {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	found, err := u.registries.resolve(ctx, s.Account, ref)
	if err != nil {
		return err
	}
	if len(history) > 0 && found.digest() == history[0].Digest {
		return nil // another index over the same manifest
	}
	annotations := map[string]*string{}
	if len(history) > 0 {
		if before, err := u.store.Image(ctx, s.Account, history[0].Digest); err == nil {
			for k, v := range before.Annotations {
				annotations[k] = &v
			}
		}
	}
	u.log.Info("watch found a change", "tag", s.Key, "account", s.Account, "digest", found.digest())
	_, err = u.images.addThen(ctx, s.Account, AddImage{Reference: ref, Annotations: annotations, Autosubscribe: true}, found,
		func(tx *store.Tx, img store.Image) error {
			last := []string{}
			for _, t := range history {
				last = append(last, string(t.Digest))
			}
			return u.notices.tell(ctx, tx, s.Account, notify.TagUpdate, s.Key, notify.Payload{
				Last: last, Current: []string{string(img.Digest)}, Annotations: annotationsOf(img),
			})
		})
	return err
}
