package sandbox

import (
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"

	"rampart/sandbox/fault"
)

// maxHang bounds how long a call stays unanswered.
const maxHang = 10 * time.Minute

// delay lets the provider carry out the call after a time. For a client that gives up before, nothing happens.
func (x *injection) delay() {
	if !x.wait(time.Duration(x.fault.Delay)) {
		x.reset()
		return
	}
	x.provider.ServeHTTP(x.writer, x.request)
}

// hang sends no answer until the client gives up, then closes the connection. A server notices a closed connection only once it has
// read the body.
func (x *injection) hang() {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(x.writer, x.request.Body, maxBody))
	x.wait(maxHang)
	x.reset()
}

// wait blocks for d of real time. It returns false if the client gives up or the sandbox closes.
func (x *injection) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.request.Context().Done():
		return false
	case <-x.server.closing:
		return false
	}
}

// reset resets the connection.
func (x *injection) reset() {
	connection, _, err := http.NewResponseController(x.writer).Hijack()
	if err != nil {
		// Not an HTTP/1.1 connection: net/http aborts it.
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection would end in order
	}
	_ = connection.Close()
}

// truncate announces the whole answer and sends half of it; net/http then closes the connection.
func (x *injection) truncate() {
	answer := x.callProvider()
	body := answer.body.Bytes()
	maps.Copy(x.writer.Header(), answer.header)
	x.writer.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.writer.Header().Set(fault.Header, x.fault.String())
	x.writer.WriteHeader(answer.status)
	_, _ = x.writer.Write(body[:len(body)/2])
}
