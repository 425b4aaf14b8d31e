package dispatch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"rampart/events"
	"rampart/events/message"
	"rampart/ramp"
)

// maxRetryAfter bounds the pause that an endpoint may ask for.
const maxRetryAfter = 24 * time.Hour

// addressOf returns where an event goes: the endpoint's own address, or that of the order's URL, which the endpoint must still cover.
func (e endpoint) addressOf(target ramp.Personal) (address, error) {
	if !e.perOrder {
		return e.to, nil
	}
	to, err := parseAddress(string(target))
	if err != nil || !e.to.covers(to) {
		return address{}, e.changed()
	}
	return to, nil
}

// changed returns the error of an event that the endpoint took when the order began.
func (e endpoint) changed() error {
	return fmt.Errorf("endpoint %s does not take the order's URL: the file of endpoints has changed since the order began", e.name)
}

// post sends a body by HTTP.
func (d *Dispatcher) post(ctx context.Context, e endpoint, to address, id string, body []byte) error {
	request := (&http.Request{
		Method: http.MethodPost, URL: to.url(), Header: http.Header{"Content-Type": {message.ContentType}, "User-Agent": {"Rampart"}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(ctx)
	if err := message.Sign(request.Header, e.secrets, id, d.now(), body); err != nil {
		return fmt.Errorf("endpoint %s: %w", e.name, err)
	}
	response, err := d.clientFor(e, to).Do(request)
	if err != nil {
		return fmt.Errorf("endpoint %s: %s", e.name, whyUnsent(err))
	}
	defer response.Body.Close()
	// The answer decides by its status alone. What follows is read only so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	return d.verdict(response)
}

// clientFor returns the client that connects only to what an endpoint permits.
func (d *Dispatcher) clientFor(e endpoint, to address) *http.Client {
	switch {
	case to.scheme == "http":
		return d.local
	case e.allowPrivate:
		return d.private
	default:
		return d.public
	}
}

// verdict returns nil for a status from 200 to 299. All others are tried again, also those of requests that the endpoint calls wrong, because
// an endpoint with an error is mended within days (Standard Webhooks, "Retries"); except 410, which ends the deliveries to it.
func (d *Dispatcher) verdict(response *http.Response) error {
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		return nil
	}
	refused := &events.RefusedError{Problem: "HTTP " + strconv.Itoa(response.StatusCode), Gone: response.StatusCode == http.StatusGone}
	if response.StatusCode >= 300 && response.StatusCode <= 399 {
		refused.Problem += ", and redirects are not followed"
	}
	if !refused.Gone {
		refused.RetryAfter = d.retryAfter(response.Header.Get("Retry-After"))
	}
	return refused
}

// retryAfter returns the pause that a Retry-After header asks for, in seconds or as a date (RFC 9110, 10.2.3); zero for none.
func (d *Dispatcher) retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(d.now()), 0), maxRetryAfter)
}
