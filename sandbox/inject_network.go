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

// maxHang bounds how long a call goes unanswered, for a client that never gives up.
const maxHang = 10 * time.Minute

// delay does and answers what was asked, after a time. A client that gives up before has asked for nothing.
func (x *injection) delay() {
	if !x.wait(time.Duration(x.fault.Delay)) {
		x.reset()
		return
	}
	x.provider.ServeHTTP(x.writer, x.request)
}

// hang answers nothing until the client gives up, and then closes the connection. A server notices the end of a
// connection only once it has read the body.
func (x *injection) hang() {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(x.writer, x.request.Body, maxBody))
	x.wait(maxHang)
	x.reset()
}

// wait waits in real time. It is false if the client gave up, or the sandbox is closing.
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

// reset breaks the connection, so that the client's system says "connection reset by peer".
func (x *injection) reset() {
	connection, _, err := http.NewResponseController(x.writer).Hijack()
	if err != nil {
		// The writer is not a connection of HTTP/1.1: net/http breaks it off by its own means.
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection would end in order
	}
	_ = connection.Close()
}

// truncate promises the whole answer and sends half of it; net/http then closes the connection.
func (x *injection) truncate() {
	answer := x.callProvider()
	body := answer.body.Bytes()
	maps.Copy(x.writer.Header(), answer.header)
	x.writer.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.writer.Header().Set(fault.Header, x.fault.String())
	x.writer.WriteHeader(answer.status)
	_, _ = x.writer.Write(body[:len(body)/2])
}
