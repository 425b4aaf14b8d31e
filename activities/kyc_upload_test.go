package activities_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"rampart/activities"
	"rampart/dossier"
	"rampart/dossier/dossiertest"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

const unverified = dossiertest.Email

func upload(w *world, d dossiertest.Dossier) error {
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: ramp.Dossier(d.URL)})
	return err
}

// faultyWorld opens dossiers on disk, with this fault.
func faultyWorld(t *testing.T, fault dossiertest.Fault) *world {
	t.Helper()
	return newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{
		Dossiers: dossiertest.FaultyStores{Stores: dossiertest.Disk(t), Fault: fault},
	})
}

func requireVerified(t *testing.T, w *world, want bool) {
	t.Helper()
	status, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: unverified})
	require.NoError(t, err)
	require.Equal(t, want, status.Verified)
}

func TestInvalidDossierIsFinalAndNothingIsSent(t *testing.T) {
	t.Parallel()
	for text, d := range map[string]dossiertest.Dossier{
		"the dossier belongs to another user": dossiertest.New(t).With("email", "vijay+nokyc@example.test"),
		"the dossier has no dossier.json":     dossiertest.New(t).Remove("dossier.json"),
		"dossier.json has no pan":             dossiertest.New(t).Without("pan"),
		"for selfie must be a JPEG or PNG":    dossiertest.New(t).Write("asha-rao.jpg", "<html><script>"),
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			err := upload(w, d)
			problem, invalid := activities.InvalidDossier(err)
			require.True(t, invalid)
			require.Contains(t, problem, text)
			require.True(t, failure(t, err).NonRetryable())
			require.Zero(t, w.called(onmeta.RouteUploadKYC))
			require.Zero(t, w.called(onmeta.RouteLogin))
		})
	}
}

func TestNoDossierCanBeOpenedWithoutAStore(t *testing.T) {
	t.Parallel()
	calls, _ := activities.New(activities.Options{})
	env := suite().NewTestActivityEnvironment()
	env.RegisterActivity(calls)
	_, err := runIn(env, calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: ramp.Dossier(dossiertest.New(t).URL)})
	problem, invalid := activities.InvalidDossier(err)
	require.True(t, invalid)
	require.Contains(t, problem, "outside the stores")
}

func TestDossierIsUploadedAndTheUserVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireVerified(t, w, false)
	require.NoError(t, upload(w, dossiertest.New(t)))
	requireVerified(t, w, true)
}

func TestDossierArrivesWholeWithItsFilesTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got *multipart.Form
	w.network.on(onmeta.RouteUploadKYC, func(request *http.Request, _ send) (*http.Response, error) {
		defer discard(request)
		_, parameters, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil {
			return nil, err
		}
		got, err = multipart.NewReader(request.Body, parameters["boundary"]).ReadForm(1 << 20)
		return response(request, http.StatusOK, `{"success":true,"error":{}}`), err
	})
	require.NoError(t, upload(w, dossiertest.New(t)))
	for field, want := range map[string]struct{ name, sent, contentType string }{
		"selfie":      {"asha-rao.jpg", "selfie.jpg", "image/jpeg"},
		"aadharFront": {"front.png", "aadhaarFront.png", "image/png"},
		"aadharBack":  {"back.png", "aadhaarBack.png", "image/png"},
		"panFront":    {"pan.pdf", "panFront.pdf", "application/pdf"},
		"panBack":     {"pan-back", "panBack.jpg", "image/jpeg"},
	} {
		require.Len(t, got.File[field], 1, field)
		file, err := got.File[field][0].Open()
		require.NoError(t, err)
		contents, err := io.ReadAll(file)
		require.NoError(t, errors.Join(err, file.Close()))
		require.Equal(t, dossiertest.ContentsOf(want.name), string(contents))
		require.Equal(t, want.sent, got.File[field][0].Filename, "a file's own name may name the user")
		require.Equal(t, want.contentType, got.File[field][0].Header.Get("Content-Type"))
	}
	for field, want := range map[string]string{
		"firstName": "Asha", "lastName": "Rao", "panNumber": "ABCPE1234F", "aadharNumber": "482913570245",
	} {
		opened, err := onmeta.DecryptKYCField(sandbox.DefaultKYCSecret, got.Value[field][0])
		require.NoError(t, err)
		require.Equal(t, want, opened)
	}
}

func TestUploadIsSentAgainWithARenewedSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireVerified(t, w, false)
	w.revokeTokens(t, unverified)
	require.NoError(t, upload(w, dossiertest.New(t)))
	requireVerified(t, w, true)
}

func TestErrorThatIsNoDossierErrorIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	_, invalid := activities.InvalidDossier(errors.New("other"))
	require.False(t, invalid)
}

func TestStoreOutageIsRetried(t *testing.T) {
	t.Parallel()
	w := faultyWorld(t, dossiertest.Fault{Name: "dossier.json", Open: dossiertest.ErrBroken})
	err := upload(w, dossiertest.New(t))
	requireRetried(t, activities.ErrStore, err)
	require.ErrorContains(t, err, "the dossier store does not answer")
	require.NotContains(t, err.Error(), "asha")
	require.Zero(t, w.called(onmeta.RouteUploadKYC))
}

func TestStoreThatFailsDuringTheUploadIsRetriedAndNothingIsVerified(t *testing.T) {
	t.Parallel()
	w := faultyWorld(t, dossiertest.Fault{Name: "pan-back", Good: 1, Read: dossiertest.ErrBroken})
	err := upload(w, dossiertest.New(t).Write("pan-back", dossiertest.ContentsOf("pan-back")+strings.Repeat("x", 1<<20)))
	requireRetried(t, activities.ErrStore, err)
	require.NotContains(t, err.Error(), "asha")
	requireVerified(t, w, false)
}

func TestDossierThatChangesDuringTheUploadIsInvalidAndNothingIsVerified(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), dossiertest.New(t)
	w.network.once(onmeta.RouteUploadKYC, first(func() { d.Write("asha-rao.jpg", dossiertest.ContentsOf("asha-rao.jpg")+"more") }))
	problem, invalid := activities.InvalidDossier(upload(w, d))
	require.True(t, invalid)
	require.Equal(t, "the file of the dossier for selfie changed while it was uploaded", problem)
	requireVerified(t, w, false)
}

func TestLargestFileIsUploaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	whole := dossiertest.ContentsOf("asha-rao.jpg") + strings.Repeat("x", 10<<20)
	require.NoError(t, upload(w, dossiertest.New(t).Write("asha-rao.jpg", whole[:10<<20])))
	requireVerified(t, w, true)
}

func TestProvidersRefusalOfADossierIsARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: "asha+kycrefused@example.test", Dossier: ramp.Dossier(dossiertest.New(t).With("email", "asha+kycrefused@example.test").URL)})
	requireRefused(t, http.StatusBadRequest, "Invalid request", err)
}

func TestUploadWhoseAnswerWasLostMayBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := activities.UploadKYCRequest{Email: "asha+review@example.test", Dossier: ramp.Dossier(dossiertest.New(t).With("email", "asha+review@example.test").URL)}
	w.network.once(onmeta.RouteUploadKYC, lost)
	_, err := run(w, w.calls.UploadKYC, request)
	requireRetried(t, activities.ErrUnavailable, err)
	_, err = run(w, w.calls.UploadKYC, request)
	require.NoError(t, err)
}

// Whoever is verified by then is refused; only a look at the KYC status tells so.
func TestUploadWhoseLostAnswerVerifiedTheUserIsRefused(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), dossiertest.New(t)
	w.network.once(onmeta.RouteUploadKYC, lost)
	requireRetried(t, activities.ErrUnavailable, upload(w, d))
	requireRefused(t, http.StatusBadRequest, "KYC already verified", upload(w, d))
	requireVerified(t, w, true)
}

// canceling cancels the activity when a dossier is opened, and fails.
type canceling struct{ cancel context.CancelFunc }

func (c canceling) Open(context.Context, string, string) (*dossier.Dossier, error) {
	c.cancel()
	return nil, dossiertest.ErrBroken
}

func TestCancellationWhileADossierIsReadPassesThrough(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Dossiers: canceling{cancel}})
	env := w.env()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	_, err := runIn(env, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: ramp.Dossier(dossiertest.New(t).URL)})
	require.EqualError(t, failure(t, err), context.Canceled.Error())
}

func TestDocumentsThatAreRefusedForTheirSizeOrFormatAreTheUsersToMend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		refused fault
		text    string
	}{
		"gateway's 413":  {answers(http.StatusRequestEntityTooLarge, "<html>413 Request Entity Too Large</html>"), "too large for the provider"},
		"provider's 413": {refuses(http.StatusRequestEntityTooLarge, "file too large"), "too large for the provider"},
		"gateway's 415":  {answers(http.StatusUnsupportedMediaType, ""), "does not accept documents of these formats"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteUploadKYC, tc.refused)
			problem, invalid := activities.InvalidDossier(upload(w, dossiertest.New(t)))
			require.True(t, invalid)
			require.Contains(t, problem, tc.text)
		})
	}
}

func TestTooManyFailedAttemptsAreARefusalForAnHour(t *testing.T) {
	t.Parallel()
	const said = "Too many failed attempts, please try after an hour!"
	for name, tc := range map[string]struct {
		refused fault
		again   time.Duration
	}{
		"400":             {refuses(http.StatusBadRequest, said), time.Hour},
		"429":             {refuses(http.StatusTooManyRequests, said), time.Hour},
		"in capitals":     {refuses(http.StatusBadRequest, strings.ToUpper(said)), time.Hour},
		"another refusal": {refuses(http.StatusBadRequest, "Invalid request"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteUploadKYC, tc.refused)
			refusal, refused := activities.Refused(upload(w, dossiertest.New(t)))
			require.True(t, refused)
			require.Equal(t, tc.again, refusal.RetryAfter)
		})
	}
}
