package process

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// waitedLine passes output on until a line of it is the one that is waited for, and after.
type waitedLine struct {
	mu      sync.Mutex
	to      io.Writer
	sign    string
	partial []byte
	text    string
	seen    chan struct{}
	done    bool
}

func newWaitedLine(to io.Writer, sign string) *waitedLine {
	return &waitedLine{to: to, sign: sign, seen: make(chan struct{})}
}

// Write implements io.Writer.
func (w *waitedLine) Write(output []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// First: whoever waits for the line then reads the log.
	n, err := w.to.Write(output)
	if !w.done {
		w.partial = append(w.partial, output...)
		w.look()
	}
	return n, err
}

func (w *waitedLine) look() {
	for {
		line, rest, complete := bytes.Cut(w.partial, []byte("\n"))
		if !complete {
			return
		}
		w.partial = rest
		if strings.Contains(string(line), w.sign) {
			w.text, w.done, w.partial = string(line), true, nil
			close(w.seen)
			return
		}
	}
}

func (w *waitedLine) read() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text
}
