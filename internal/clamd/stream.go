package clamd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	// chunkSize is how much of a file goes in one piece. Files up to this size can be sent again when the daemon hangs up.
	chunkSize = 64 << 10
	// parting is how long the daemon's last words are waited for after it hung up.
	parting = 2 * time.Second

	instream  = "zINSTREAM\x00"
	headRoom  = len(instream) + 4 // the command, and the length of the chunk
	footRoom  = 4                 // the chunk of no length that ends a stream
	frameSize = headRoom + chunkSize + footRoom
)

// Stream takes the content of one file. Use it in one goroutine, and end it with [Stream.End] or [Stream.Abort]: an open
// stream holds one of the client's sessions.
type Stream struct {
	c       *Client
	ctx     context.Context
	session *session
	stop    func() bool // no longer end the session with the context

	frame   []byte // headRoom, the chunk that is being filled, footRoom
	used    int    // bytes of the chunk
	size    int64  // announced; -1 for unknown
	written int64
	sent    bool // a chunk is on its way, so that the file cannot be sent again
	redone  bool // this file had its second session
	early   *string
	err     error
	over    bool
}

// Begin opens a stream for one file. It waits while all sessions are in use. size is what the file has, or -1; a stream
// that ends with another size fails, so that nobody takes a part of a file for clean. When ctx ends, so does the stream.
func (c *Client) Begin(ctx context.Context, size int64) (*Stream, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	s := &Stream{c: c, ctx: ctx, size: size}
	if err := s.connect(); err != nil {
		c.leave()
		return nil, err
	}
	if s.frame = s.session.frame; s.frame == nil {
		s.frame = make([]byte, frameSize)
	}
	return s, nil
}

func (s *Stream) connect() error {
	session, _, err := s.c.session(s.ctx)
	if err != nil {
		return err
	}
	s.session = session
	s.stop = context.AfterFunc(s.ctx, session.close)
	return nil
}

// Write sends content. When the daemon has refused the file because of its size, the rest is taken and dropped. The first
// error stays.
func (s *Stream) Write(p []byte) (int, error) {
	if s.over {
		return 0, errEnded
	}
	if s.err != nil {
		return 0, s.err
	}
	n := len(p)
	s.written += int64(n)
	for len(p) > 0 && s.early == nil {
		if s.used == chunkSize {
			if err := s.send(false); err != nil {
				return 0, err
			}
			continue
		}
		k := copy(s.frame[headRoom+s.used:headRoom+chunkSize], p)
		s.used += k
		p = p[k:]
	}
	return n, nil
}

var errEnded = errors.New("clamd: the stream has ended")

// End tells the daemon that the file is complete and gives its answer.
func (s *Stream) End() (Result, error) {
	if s.over {
		return Result{}, errEnded
	}
	result, err := s.end()
	s.finish(err == nil && s.early == nil)
	return result, err
}

func (s *Stream) end() (Result, error) {
	if s.err != nil {
		return Result{}, s.err
	}
	if s.size >= 0 && s.written != s.size {
		return Result{}, fmt.Errorf("clamd: the file was to have %d bytes, and %d came", s.size, s.written)
	}
	if s.early == nil {
		if err := s.send(true); err != nil {
			return Result{}, err
		}
	}
	var text string
	var err error
	if s.early != nil {
		text, err = s.session.number(*s.early)
	} else {
		text, err = s.session.answer(s.ctx, s.c.options.Answer)
		if isGone(err) && s.again() {
			if err := s.send(true); err != nil {
				return Result{}, err
			}
			text, err = s.session.answer(s.ctx, s.c.options.Answer)
		}
	}
	var result Result
	if err == nil {
		result, err = parseAnswer(text)
	}
	if err == nil && s.early != nil && result.Limit != SizeLimit {
		err = fmt.Errorf("%w: it judged a file before it had all of it: %.100q", errGarbled, text)
	}
	if err != nil {
		return Result{}, s.c.explain(s.ctx, err)
	}
	if result.Limit == SizeLimit && s.early == nil {
		s.early = &text // it hangs up after this word
	}
	return result, nil
}

// Abort gives up a file: the session ends with it. After End it does nothing.
func (s *Stream) Abort() {
	if !s.over {
		s.finish(false)
	}
}

// finish gives back the session or ends it.
func (s *Stream) finish(reusable bool) {
	s.over = true
	s.session.frame, s.frame = s.frame, nil
	if s.stop() && reusable {
		s.c.keep(s.session)
	} else {
		s.session.close()
	}
	s.c.leave()
}

// send puts the chunk on its way; last ends the stream. Where the daemon has answered already nothing is sent.
func (s *Stream) send(last bool) error {
	if s.sent {
		select {
		case line, ok := <-s.session.answers:
			if !ok {
				return s.fail(s.session.fault)
			}
			s.early = &line
			return nil
		default:
		}
	}
	start := headRoom - 4
	if !s.sent {
		start = 0
		copy(s.frame, instream)
		s.session.commands++
	}
	end := headRoom
	if s.used > 0 {
		binary.BigEndian.PutUint32(s.frame[headRoom-4:], uint32(s.used))
		end += s.used
	} else {
		end -= 4 // a chunk of no length would end the stream
	}
	if last {
		clear(s.frame[end : end+footRoom])
		end += footRoom
	}
	err := s.session.write(s.frame[start:end], s.c.options.Write)
	if isGone(err) && s.listen() {
		return nil
	}
	if isGone(err) && s.again() {
		return s.send(last)
	}
	if err != nil {
		return s.fail(err)
	}
	if !last {
		s.sent, s.used = true, 0
	}
	return nil
}

// listen hears why the daemon hung up, if it says so.
func (s *Stream) listen() bool {
	timer := time.NewTimer(parting)
	defer timer.Stop()
	select {
	case line, ok := <-s.session.answers:
		if ok {
			s.early = &line
		}
		return ok
	case <-timer.C:
	case <-s.ctx.Done():
	}
	return false
}

// again takes a second session for a file of which all that was written is still here.
func (s *Stream) again() bool {
	if s.sent || s.redone || s.ctx.Err() != nil {
		return false
	}
	s.redone = true
	s.stop()
	s.session.close()
	return s.connect() == nil
}

func (s *Stream) fail(err error) error {
	s.err = s.c.explain(s.ctx, err)
	return s.err
}
