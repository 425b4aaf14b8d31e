package sandbox

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/shopspring/decimal"
)

// envelope is the provider's answer around the data (provider 1.5), with the provider's irregularities: error is an empty object on
// success and absent in some answers; message appears in two.
type envelope struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty"`
	Data    any    `json:"data,omitempty"`
	Error   any    `json:"error,omitempty"`
}

// errorDetail is the error of a refusal. Code is a number in most answers, a word or absent in others.
type errorDetail struct {
	Code    any    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Data    any    `json:"data,omitempty"`
}

type empty struct{}

// answer is the common success: data and an empty error.
func answer(data any) envelope {
	return envelope{Success: true, Data: data, Error: empty{}}
}

// received is the success of a call that returns nothing.
func received() envelope {
	return envelope{Success: true, Error: empty{}}
}

// bare is the success of the calls whose samples have no error member.
func bare(data any) envelope {
	return envelope{Success: true, Data: data}
}

// listing is the success of the two calls that fetch linked accounts: a message, no error.
func listing(data any) envelope {
	return envelope{Success: true, Message: "success", Data: data}
}

// refusal is the answer to a refused request, and the reason for the developer.
type refusal struct {
	status  int
	message string
	body    envelope
	// why names the broken rule, for the X-Sandbox-Reason header and the log. It never holds a value of the request.
	why string
}

func (f *refusal) Error() string { return f.message + ": " + f.why }

// refuse returns the provider's usual refusal, which repeats the HTTP status as the error's code.
func refuse(status int, message, why string) *refusal {
	return &refusal{status: status, message: message, why: why,
		body: envelope{Error: errorDetail{Code: status, Message: message}}}
}

func unauthorized(why string) *refusal {
	return refuse(http.StatusUnauthorized, "unauthorized to access", why)
}

func notFound(why string) *refusal {
	return refuse(http.StatusNotFound, "data not found", why)
}

// invalidRequest is the 400 of most calls.
func invalidRequest(why string) *refusal {
	return refuse(http.StatusBadRequest, "Invalid request", why)
}

// badRequest is the 400 of login and account-link (provider 1.6).
func badRequest(why string) *refusal {
	return refuse(http.StatusBadRequest, "bad request", why)
}

// codelessWithData is the 400 of kyc-status (provider 3.3).
func codelessWithData(why string) *refusal {
	f := codeless(why)
	f.body.Data = empty{}
	return f
}

// codeless is the 400 of upload-kyc (provider 3.4).
func codeless(why string) *refusal { return codelessRefusal("Invalid request", why) }

func codelessRefusal(message, why string) *refusal {
	return &refusal{status: http.StatusBadRequest, message: message, why: why,
		body: envelope{Error: errorDetail{Message: message}}}
}

// nestedRefusal returns the refusal of NRI KYC, whose message is one level deeper (provider 3.5).
func nestedRefusal(status int, message, why string) *refusal {
	detail := errorDetail{Code: status, Data: map[string]string{"message": message}}
	return &refusal{status: status, message: message, why: why, body: envelope{Error: detail}}
}

func nestedBadRequest(why string) *refusal {
	return nestedRefusal(http.StatusBadRequest, "Bad Request", why)
}

// invalidOrderID is the 400 of invoice, its code a word (provider 3.20).
func invalidOrderID(why string) *refusal {
	const message = "Invalid order id"
	return &refusal{status: http.StatusBadRequest, message: message, why: why,
		body: envelope{Error: errorDetail{Code: "INVALID_ORDER_ID", Message: message}}}
}

// number writes a decimal as a JSON number.
func number(d decimal.Decimal) json.Number { return json.Number(d.String()) }

// timestamp writes a time as the provider does: ISO 8601 in UTC, with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
