package spool

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := New(dir, 10)
	ctx := context.Background()
	if _, err := p.Create(ctx, 11); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("larger than the budget: %v", err)
	}
	f, err := p.Create(ctx, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("12345678")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("9")); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a file must not grow past what it asked for: %v", err)
	}
	b := make([]byte, 3)
	if _, err := f.ReadAt(b, 4); err != nil || string(b) != "567" {
		t.Errorf("ReadAt: %q, %v", b, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("names in the spool directory: %v, %v", left, err)
	}

	full, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := p.Create(full, 3); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the budget is spent, a second file must wait: %v", err)
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	g, err := p.Create(ctx, 10)
	if err != nil {
		t.Fatalf("a closed file must give its bytes back: %v", err)
	}
	g.Close()
}
