package engine

import (
	"errors"
	"iter"
	"slices"
	"testing"
)

// numbers yields 0 … n-1, then err when there is one, and tells when it has ended.
func numbers(n int, err error, ended *bool) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		defer func() { *ended = true }()
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(-1, err)
		}
	}
}

func TestAheadYieldsTheSame(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	var ended bool
	var got []int
	for v, err := range ahead(numbers(200, failed, &ended)) {
		if got = append(got, v); (v < 0) != (err == failed) {
			t.Fatalf("%d came with %v", v, err)
		}
	}
	if len(got) != 201 || !slices.IsSorted(got[:200]) {
		t.Errorf("%d values came: %v", len(got), got)
	}
}

// What is read belongs to the caller, who closes it after the loop.
func TestAheadHasEndedWhenTheLoopIsLeft(t *testing.T) {
	t.Parallel()
	var ended bool
	for v := range ahead(numbers(1_000_000, nil, &ended)) {
		if v == 3 {
			break
		}
	}
	if !ended {
		t.Error("the file is still being read")
	}
}

func TestAheadPanicsWhereTheLoopIs(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != "broken" {
			t.Errorf("recovered %v", p)
		}
	}()
	for range ahead(func(yield func(int, error) bool) {
		yield(1, nil)
		panic("broken")
	}) {
	}
	t.Error("a panic was lost")
}
