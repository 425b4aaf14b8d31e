package onmeta

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
)

// envelope is the frame of an answer (provider 1.5).
type envelope struct {
	// recognised: the body is an answer of the provider, that is, a JSON object or array.
	recognised bool
	// refused: it has success:false, as all failures of the provider do.
	refused bool
	// faulty: it has an error but no success:false.
	faulty  bool
	code    string
	message string
	data    json.RawMessage
}

type wireEnvelope struct {
	Success *flag           `json:"success"`
	Data    json.RawMessage `json:"data"`
	Error   json.RawMessage `json:"error"`
	Message text            `json:"message"`
}

type wireError struct {
	Code    text            `json:"code"`
	Message text            `json:"message"`
	Data    json.RawMessage `json:"data"`
	Details json.RawMessage `json:"details"`
}

func parseEnvelope(body []byte) envelope {
	body = bytes.TrimSpace(body)
	if !json.Valid(body) {
		return envelope{}
	}
	if body[0] == '[' {
		return envelope{recognised: true, data: body}
	}
	var wire wireEnvelope
	if err := json.Unmarshal(body, &wire); err != nil || body[0] != '{' {
		return envelope{}
	}
	return wire.open(body)
}

func (w wireEnvelope) open(body []byte) envelope {
	code, message := failureText(w.Error)
	e := envelope{
		recognised: true,
		refused:    w.Success != nil && !bool(*w.Success),
		faulty:     w.faulty(code, message),
		code:       code,
		message:    cmp.Or(message, string(w.Message)),
		data:       w.Data,
	}
	if len(w.Data) == 0 || bytes.Equal(w.Data, []byte("null")) {
		e.data = body
	}
	return e
}

// faulty reports whether there is an error object without "success". Gateways send those; they are neither an answer about the request nor
// a success.
func (w wireEnvelope) faulty(code, message string) bool {
	return w.Success == nil && bytes.HasPrefix(w.Error, []byte("{")) && (code != "" || message != "")
}

// failureText reads the variants of "error": missing, {}, a text, {code, message} with a code that is a
// number or a word, and a message one level deeper under "data" or "details" (provider 1.5).
func failureText(raw json.RawMessage) (code, message string) {
	var wire wireError
	if err := json.Unmarshal(raw, &wire); err != nil {
		return "", scalar(raw)
	}
	message = cmp.Or(string(wire.Message), nestedMessage(wire.Data), nestedMessage(wire.Details))
	return string(wire.Code), message
}

func nestedMessage(raw json.RawMessage) string {
	var nested struct {
		Message text          `json:"message"`
		Fields  []fieldRemark `json:"fields"`
	}
	if err := json.Unmarshal(raw, &nested); err != nil {
		return scalar(raw)
	}
	if nested.Message == "" && len(nested.Fields) > 0 {
		return string(nested.Fields[0].Field + ": " + nested.Fields[0].Error)
	}
	return string(nested.Message)
}

type fieldRemark struct {
	Field text `json:"field"`
	Error text `json:"error"`
}

// verdict returns the kind of failure for an HTTP status and an envelope; 0 for success.
func verdict(status int, e envelope) ErrorKind {
	if kind, known := kindOfStatus(status); known {
		return kind
	}
	success := status >= 200 && status < 300
	switch {
	case e.refused && (success || status >= 400):
		return refusal(e.code)
	case e.recognised && success && !e.faulty:
		return 0
	default:
		return KindMalformed
	}
}

// refusal returns the kind of an answer with success:false. Its code may be an HTTP status that differs from the answer's: an outage reported
// this way is not an answer about the request.
func refusal(code string) ErrorKind {
	status, err := strconv.Atoi(code)
	if err != nil {
		return KindRefused
	}
	if kind, known := kindOfStatus(status); known {
		return kind
	}
	return KindRefused
}

func kindOfStatus(status int) (ErrorKind, bool) {
	switch {
	case status == http.StatusUnauthorized:
		return KindUnauthorized, true
	case status == http.StatusTooManyRequests:
		return KindRateLimited, true
	case status >= 500 && status < 600:
		return KindUnavailable, true
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusLocked, http.StatusTooEarly:
		return KindUnavailable, true
	}
	return 0, false
}
