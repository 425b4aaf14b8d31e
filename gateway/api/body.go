package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rampart/ramp"
)

const (
	jsonType = "application/json"
	// maxBody bounds the body of a request. The largest valid one, with metadata, is about 15 KiB.
	maxBody = 64 << 10
	// bodyTimeout bounds the reading of a body.
	bodyTimeout = 10 * time.Second
)

// readBody reads the whole body of a request before anything else is done with it.
func readBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	content, problem := bodyOf(w, r)
	if problem != nil {
		problem.write(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	r.Header.Set("Content-Type", jsonType) // huma takes no other spelling
	next(ctx)
}

// ignoreBody reads the body of a request that needs none, so that no deadline of its reading ends the request later.
func ignoreBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if ctx.Operation().RequestBody == nil && r.ContentLength != 0 {
		if _, problem := read(w, r); problem != nil {
			problem.write(w)
			return
		}
	}
	next(ctx)
}

func bodyOf(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != jsonType {
		return nil, newProblem(r.Context(), UnsupportedMediaType, "the Content-Type is not application/json")
	}
	content, problem := read(w, r)
	if problem == nil && len(content) == 0 {
		problem = contractProblem(r.Context(), undecodable(errors.New("is empty")))
	}
	return content, problem
}

// read reads a body within its limits.
func read(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout)) // not supported in tests without a connection
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, newProblem(r.Context(), TooLarge, "the body is larger than 64 KiB")
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return nil, newProblem(r.Context(), BodyTimeout, "the body did not arrive within 10 seconds")
	case err != nil:
		return nil, newProblem(r.Context(), BodyTimeout, "the body did not arrive in full")
	}
	// A deadline that passes later would end the context of the request.
	_ = connection.SetReadDeadline(time.Time{})
	return content, nil
}

// decode decodes the body of a request as strictly as orders do.
func decode[T any](ctx context.Context, content json.RawMessage) (T, error) {
	var value T
	if err := ramp.Decode(content, &value); err != nil {
		return value, contractProblem(ctx, undecodable(err))
	}
	return value, nil
}

func undecodable(err error) *ramp.Error {
	invalid := &ramp.Error{Type: ramp.InvalidRequest, Message: "the body " + err.Error()}
	var field *ramp.FieldError
	if errors.As(err, &field) {
		invalid.Fields = []ramp.FieldError{*field}
	}
	return invalid
}

// unread keeps a body as it is: decode reads it.
func unread(content []byte, into any) error {
	raw, isBody := into.(*json.RawMessage)
	if !isBody {
		return errors.New("not a body")
	}
	*raw = bytes.Clone(content)
	return nil
}
