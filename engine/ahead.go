package engine

import "iter"

// readAhead is how many values are made before they are asked for.
const readAhead = 32

// ahead makes the values of seq in a goroutine of its own, a few before they are asked for: while records are encoded and
// written, the next are read. Nothing of seq runs any more when the loop over it has ended; a panic of seq is one of the
// loop.
func ahead[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	type pair struct {
		v   T
		err error
	}
	return func(yield func(T, error) bool) {
		values := make(chan pair, readAhead)
		stop := make(chan struct{})
		var broken any
		go func() {
			defer close(values)
			defer func() { broken = recover() }()
			for v, err := range seq {
				select {
				case values <- pair{v, err}:
				case <-stop:
					return
				}
			}
		}()
		defer func() {
			close(stop)
			for range values { // until the goroutine has ended
			}
		}()
		for p := range values {
			if !yield(p.v, p.err) {
				return
			}
		}
		if broken != nil {
			panic(broken)
		}
	}
}
