package api

import (
	"net/http"
	"time"
)

// NewWithPace returns the handler of an API whose streams have other limits.
func NewWithPace(o Options, heartbeat, send time.Duration) http.Handler {
	return newHandler(o, pace{heartbeat: heartbeat, send: send})
}
