package activities_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/protobuf/encoding/protojson"

	"rampart/activities"
	"rampart/dossier/dossiertest"
	"rampart/internal/written"
	"rampart/onmeta"
	"rampart/ramp"
)

// marks are what a marked dossier holds, by the field of the provider's form; none may leave the activity but to the
// provider.
func marks() map[string]string {
	return map[string]string{
		"firstName": "Markedfirst", "lastName": "Markedlast", "panNumber": "MARKD1234X", "aadharNumber": "482913570245",
		"incomeRange": "25L-50L", "profession": "markedprofession",
	}
}

// markedDossier has a marked index, and contents and names of files that are marked too.
func markedDossier(t *testing.T) dossiertest.Dossier {
	t.Helper()
	d, m := dossiertest.New(t), marks()
	d.With("firstName", m["firstName"]).With("lastName", m["lastName"]).With("pan", m["panNumber"]).
		With("aadhaar", m["aadharNumber"]).With("incomeRange", m["incomeRange"]).With("profession", m["profession"])
	for _, field := range []string{"selfie", "aadhaarFront", "aadhaarBack", "panFront", "panBack"} {
		name := "markedname-" + field + ".jpg"
		d.Write(name, dossiertest.ContentsOf(name)+strings.Repeat("markedcontents", 1<<12)).With(field, name)
	}
	return d
}

// echo answers an upload with all that was in it, as a careless provider would.
func echo(status int) fault {
	return func(request *http.Request, _ send) (*http.Response, error) {
		defer discard(request)
		_, parameters, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil {
			return nil, err
		}
		form, err := multipart.NewReader(request.Body, parameters["boundary"]).ReadForm(8 << 20)
		if err != nil {
			return nil, err
		}
		// The texts of each field alone, for a message is cut off.
		var said []string
		for field, values := range form.Value {
			said = append(said, "bad "+field+" "+values[0], marks()[field])
		}
		for _, files := range form.File {
			said = append(said, files[0].Filename)
		}
		answer := response(request, status, "")
		var echoed bytes.Buffer
		err = json.NewEncoder(&echoed).Encode(map[string]any{
			"success": false,
			"error":   map[string]any{"code": marks()["panNumber"], "message": strings.Join(said, " ")},
		})
		answer.Body = io.NopCloser(&echoed)
		return answer, err
	}
}

func uploadAndRecord(t *testing.T, w *world, d dossiertest.Dossier) (string, error) {
	t.Helper()
	l := new(written.Log) // all that an attempt at an upload leaves behind
	s := new(testsuite.WorkflowTestSuite)
	s.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	env := s.NewTestActivityEnvironment()
	env.RegisterActivity(w.calls)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		_, _ = fmt.Fprintf(l, "heartbeat: %v", details.HasValues())
	})
	result, err := runIn(env, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: ramp.Dossier(d.URL)})
	_, _ = fmt.Fprintf(l, "%+v\n", result)
	if err != nil {
		encoded, encodeErr := protojson.Marshal(temporal.GetDefaultFailureConverter().ErrorToFailure(err))
		require.NoError(t, encodeErr)
		for e := err; e != nil; e = errors.Unwrap(e) {
			_, _ = fmt.Fprintf(l, "%+v\n%#v\n", e, e)
		}
		_, _ = fmt.Fprintf(l, "%s\n", encoded)
	}
	return l.String(), err
}

func TestContentsOfADossierAreNowhereButAtTheProvider(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		upload fault
		fault  dossiertest.Fault
		spoil  func(dossiertest.Dossier)
		kind   string
	}{
		"taken":                         {},
		"refused, all echoed":           {upload: echo(http.StatusBadRequest), kind: activities.ErrRefused},
		"unauthorized, all echoed":      {upload: echo(http.StatusUnauthorized), kind: activities.ErrUnauthorized},
		"unavailable, all echoed":       {upload: echo(http.StatusInternalServerError), kind: activities.ErrUnavailable},
		"too many, all echoed":          {upload: echo(http.StatusTooManyRequests), kind: activities.ErrRateLimited},
		"answer lost":                   {upload: lost, kind: activities.ErrUnavailable},
		"store fails half way":          {fault: dossiertest.Fault{Name: "markedname-panBack.jpg", Good: 1, Read: dossiertest.ErrBroken}, kind: activities.ErrStore},
		"store fails at once":           {fault: dossiertest.Fault{Name: "markedname-selfie.jpg", Open: dossiertest.ErrBroken}, kind: activities.ErrStore},
		"store names the user":          {fault: dossiertest.Fault{Name: "markedname-selfie.jpg", Open: errors.New("markedcontents of Markedfirst")}, kind: activities.ErrStore},
		"file gone":                     {spoil: func(d dossiertest.Dossier) { d.Remove("markedname-selfie.jpg") }, kind: activities.ErrDossier},
		"file of another type":          {spoil: func(d dossiertest.Dossier) { d.Write("markedname-selfie.jpg", "markedcontents") }, kind: activities.ErrDossier},
		"file shorter than it was told": {fault: dossiertest.Fault{Name: "markedname-panBack.jpg", Good: 1, Read: io.EOF}, kind: activities.ErrDossier},
		"index broken off":              {spoil: func(d dossiertest.Dossier) { d.Write("dossier.json", d.Read("dossier.json")[:60]) }, kind: activities.ErrDossier},
		"index with a stray field":      {spoil: func(d dossiertest.Dossier) { d.With("markedcontents", "MARKD1234X") }, kind: activities.ErrDossier},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w := markedDossier(t), faultyWorld(t, tc.fault)
			if tc.spoil != nil {
				tc.spoil(d)
			}
			if tc.upload != nil {
				w.network.on(onmeta.RouteUploadKYC, tc.upload)
			}
			left, err := uploadAndRecord(t, w, d)
			if tc.kind == "" {
				require.NoError(t, err)
			} else {
				require.Equal(t, tc.kind, failure(t, err).Type(), "%v", err)
			}
			require.NotEmpty(t, left)
			lower := strings.ToLower(left)
			require.NotContains(t, lower, "marked")
			require.NotContains(t, lower, d.Dir)
			require.NotContains(t, lower, strings.TrimPrefix(os.TempDir(), "/")+"/test")
			for _, mark := range marks() {
				require.NotContains(t, lower, strings.ToLower(mark))
			}
		})
	}
}

func TestProvidersEchoOfEncryptedFieldsIsBlanked(t *testing.T) {
	t.Parallel()
	for field := range map[string]bool{"firstName": true, "lastName": true, "panNumber": true, "aadharNumber": true} {
		d, w := markedDossier(t), newWorld(t)
		var sent string
		w.network.on(onmeta.RouteUploadKYC, func(request *http.Request, _ send) (*http.Response, error) {
			defer discard(request)
			_, parameters, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
			if err != nil {
				return nil, err
			}
			form, err := multipart.NewReader(request.Body, parameters["boundary"]).ReadForm(8 << 20)
			if err != nil {
				return nil, err
			}
			sent = form.Value[field][0]
			return response(request, http.StatusBadRequest, `{"success":false,"error":{"message":"cannot decrypt `+sent+`"}}`), nil
		})
		left, err := uploadAndRecord(t, w, d)
		requireRefused(t, http.StatusBadRequest, "cannot decrypt [redacted]", err)
		require.NotContains(t, left, sent)
	}
}
