package activities_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/onmeta/sandbox"
)

const unverified = "asha+nokyc@example.test"

// dossier is one on disk.
type dossier struct {
	t        *testing.T
	dir, url string
	index    map[string]any
}

// newDossier is complete. Its directory and files are named after the user, as they may be.
func newDossier(t *testing.T) dossier {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "asha-rao")
	require.NoError(t, os.Mkdir(dir, 0o700))
	d := dossier{t: t, dir: dir, url: "file://" + dir, index: map[string]any{
		"firstName": "Asha", "lastName": "Rao", "pan": "ABCPE1234F", "aadhaar": "482913570246",
		"incomeRange": "10L-15L", "profession": "engineer",
	}}
	for field, name := range map[string]string{
		"selfie": "asha-rao.jpg", "aadhaarFront": "front.png", "aadhaarBack": "back.png", "panFront": "pan.pdf", "panBack": "pan-back",
	} {
		d.index[field] = name
		d.write(name, "contents of "+name)
	}
	return d.with("profession", "engineer")
}

// with sets a field of the index.
func (d dossier) with(field string, value any) dossier {
	d.t.Helper()
	d.index[field] = value
	encoded, err := json.Marshal(d.index)
	require.NoError(d.t, err)
	d.write("dossier.json", string(encoded))
	return d
}

func (d dossier) without(field string) dossier {
	d.t.Helper()
	delete(d.index, field)
	return d.with("lastName", d.index["lastName"])
}

func (d dossier) write(name, contents string) dossier {
	d.t.Helper()
	require.NoError(d.t, os.WriteFile(filepath.Join(d.dir, name), []byte(contents), 0o600))
	return d
}

func (d dossier) remove(name string) dossier {
	d.t.Helper()
	require.NoError(d.t, os.Remove(filepath.Join(d.dir, name)))
	return d
}

// unreadable makes a file one that exists and cannot be opened, as after a fault of the store.
func (d dossier) unreadable(name string) dossier {
	d.t.Helper()
	d.remove(name)
	require.NoError(d.t, os.Symlink(name, filepath.Join(d.dir, name)))
	return d
}

func (d dossier) upload(w *world) error {
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: d.url})
	return err
}

func requireVerified(t *testing.T, w *world, want bool) {
	t.Helper()
	status, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: unverified})
	require.NoError(t, err)
	require.Equal(t, want, status.Verified)
}

func TestDossierIsUploadedAndTheUserVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireVerified(t, w, false)
	require.NoError(t, newDossier(t).upload(w))
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
	require.NoError(t, newDossier(t).upload(w))
	for field, want := range map[string]struct{ name, contentType string }{
		"selfie":      {"asha-rao.jpg", "image/jpeg"},
		"aadharFront": {"front.png", "image/png"},
		"aadharBack":  {"back.png", "image/png"},
		"panFront":    {"pan.pdf", "application/pdf"},
		"panBack":     {"pan-back", "application/octet-stream"},
	} {
		require.Len(t, got.File[field], 1, field)
		file, err := got.File[field][0].Open()
		require.NoError(t, err)
		contents, err := io.ReadAll(file)
		require.NoError(t, errors.Join(err, file.Close()))
		require.Equal(t, "contents of "+want.name, string(contents))
		require.Equal(t, want.contentType, got.File[field][0].Header.Get("Content-Type"))
	}
	for field, want := range map[string]string{
		"firstName": "Asha", "lastName": "Rao", "panNumber": "ABCPE1234F", "aadharNumber": "482913570246",
	} {
		opened, err := onmeta.DecryptKYCField(sandbox.DefaultKYCSecret, got.Value[field][0])
		require.NoError(t, err)
		require.Equal(t, want, opened)
	}
}

func TestTypeThatTheStoreKeepsIsUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := newDossier(t).write("pan-back.attrs", `{"user.content_type":"image/webp"}`)
	var types string
	w.network.on(onmeta.RouteUploadKYC, func(request *http.Request, _ send) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		types = string(body)
		return response(request, http.StatusOK, `{"success":true,"error":{}}`), errors.Join(err, request.Body.Close())
	})
	require.NoError(t, d.upload(w))
	require.Contains(t, types, "image/webp")
}

func TestUploadIsSentAgainWithARenewedSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireVerified(t, w, false)
	w.revokeTokens(t, unverified)
	require.NoError(t, newDossier(t).upload(w))
	requireVerified(t, w, true)
}

func TestUnusableDossierIsRefusedWithAClearTextBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(dossier) dossier
		text  string
	}{
		"no such directory": {func(d dossier) dossier { d.url += "-2"; return d }, "the dossier's URL cannot be opened"},
		"unknown store":     {func(d dossier) dossier { d.url = "floppy://asha-rao"; return d }, "the dossier's URL cannot be opened"},
		"no URL":            {func(d dossier) dossier { d.url = "file://%asha"; return d }, "the dossier's URL cannot be opened"},
		"no index":          {func(d dossier) dossier { return d.remove("dossier.json") }, "the dossier has no dossier.json"},
		"index not JSON":    {func(d dossier) dossier { return d.write("dossier.json", `{"firstName": "Asha`) }, "is not JSON of the documented form"},
		"index of numbers":  {func(d dossier) dossier { return d.with("aadhaar", 482913570246) }, "is not JSON of the documented form"},
		"index too large":   {func(d dossier) dossier { return d.with("profession", strings.Repeat("x", 64<<10)) }, "at most 64 KiB"},
		"unknown field":     {func(d dossier) dossier { return d.with("fatherName", "Vijay Rao") }, "under the names firstName, lastName, pan, aadhaar"},
		"no PAN":            {func(d dossier) dossier { return d.without("pan") }, "dossier.json holds no pan"},
		"empty first name":  {func(d dossier) dossier { return d.with("firstName", "") }, "dossier.json holds no firstName"},
		"file not named":    {func(d dossier) dossier { return d.without("panBack") }, "must name all five files, each in the dossier itself: see panBack"},
		"file elsewhere":    {func(d dossier) dossier { return d.with("selfie", "../asha-rao/asha-rao.jpg") }, "see selfie"},
		"file's parent":     {func(d dossier) dossier { return d.with("selfie", "..") }, "see selfie"},
		"the dossier":       {func(d dossier) dossier { return d.with("selfie", ".") }, "see selfie"},
		"absolute path":     {func(d dossier) dossier { return d.with("selfie", "/etc/passwd") }, "see selfie"},
		"no file":           {func(d dossier) dossier { return d.remove("asha-rao.jpg") }, "the dossier has no file for selfie"},
		"empty file":        {func(d dossier) dossier { return d.write("asha-rao.jpg", "") }, "the file of the dossier for selfie is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			err := tc.spoil(newDossier(t)).upload(w)
			problem, invalid := activities.InvalidDossier(err)
			require.True(t, invalid, "%v", err)
			require.Contains(t, problem, tc.text)
			require.True(t, failure(t, err).NonRetryable())
			for _, personal := range []string{"sha", "Rao", "Vijay", "rao", "ABCPE1234F", "482913570246"} {
				require.NotContains(t, problem, personal)
			}
			require.Zero(t, w.called(onmeta.RouteUploadKYC))
		})
	}
}

func TestErrorThatIsNoDossierErrorIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	_, invalid := activities.InvalidDossier(errors.New("other"))
	require.False(t, invalid)
}

func TestStoreOutageIsRetried(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dossier) dossier{
		"index": func(d dossier) dossier { return d.unreadable("dossier.json") },
		"file":  func(d dossier) dossier { return d.unreadable("asha-rao.jpg") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := spoil(newDossier(t)).upload(newWorld(t))
			requireRetried(t, activities.ErrStore, err)
			require.NotContains(t, err.Error(), "asha")
		})
	}
}

func TestStoreOutageInTheMiddleOfTheIndexIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{
		OpenDossiers: func(context.Context, string) (*blob.Bucket, error) { return blob.NewBucket(brokenStore{}), nil },
	})
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: "file:///asha-rao"})
	requireRetried(t, activities.ErrStore, err)
}

// brokenStore opens every file, and breaks off when it is read.
type brokenStore struct{ driver.Bucket }

func (brokenStore) Close() error { return nil }

func (brokenStore) ErrorCode(error) gcerrors.ErrorCode { return gcerrors.Internal }

func (brokenStore) NewRangeReader(context.Context, string, int64, int64, *driver.ReaderOptions) (driver.Reader, error) {
	return brokenFile{broken{errors.New("connection reset while reading asha-rao")}}, nil
}

type brokenFile struct{ broken }

func (brokenFile) Close() error { return nil }

func (brokenFile) As(any) bool { return false }

func (brokenFile) Attributes() *driver.ReaderAttributes { return &driver.ReaderAttributes{Size: 100} }

func TestFileThatGoesAwayDuringTheUploadIsADossierError(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newDossier(t)
	w.network.once(onmeta.RouteUploadKYC, first(func() { d.remove("asha-rao.jpg") }))
	problem, invalid := activities.InvalidDossier(d.upload(w))
	require.True(t, invalid)
	require.Equal(t, "a file of the dossier went away while it was uploaded", problem)
	requireVerified(t, w, false)
}

func TestFileThatCannotBeReadDuringTheUploadIsRetried(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newDossier(t)
	w.network.once(onmeta.RouteUploadKYC, first(func() { d.unreadable("asha-rao.jpg") }))
	err := d.upload(w)
	requireRetried(t, activities.ErrStore, err)
	require.NotContains(t, err.Error(), "asha")
	requireVerified(t, w, false)
}

func TestProvidersRefusalOfADossierIsARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: "asha+kycrefused@example.test", Dossier: newDossier(t).url})
	requireRefused(t, http.StatusBadRequest, "Invalid request", err)
}

func TestUploadWhoseAnswerWasLostMayBeRepeated(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newDossier(t)
	w.network.once(onmeta.RouteUploadKYC, lost)
	requireRetried(t, activities.ErrUnavailable, d.upload(w))
	require.NoError(t, d.upload(w))
}

func TestCancellationWhileADossierIsReadPassesThrough(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{
		OpenDossiers: func(context.Context, string) (*blob.Bucket, error) {
			cancel()
			return blob.NewBucket(brokenStore{}), nil
		},
	})
	env := w.env()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	_, err := runIn(env, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: "file:///asha-rao"})
	require.EqualError(t, failure(t, err), context.Canceled.Error())
}

func TestDossierIsThePrefixThatItsURLNames(t *testing.T) {
	t.Parallel()
	d := newDossier(t)
	w := newWorld(t)
	for _, location := range []string{bucketURL(filepath.Dir(d.dir)) + "/asha-rao", bucketURL(d.dir), bucketURL(d.dir) + "/"} {
		d.url = location
		require.NoError(t, d.upload(w), location)
	}
	requireVerified(t, w, true)
	for location, text := range map[string]string{
		bucketURL(filepath.Dir(d.dir)):             "the dossier has no dossier.json",
		bucketURL(filepath.Dir(d.dir)) + "/asha":   "the dossier has no dossier.json",
		bucketURL(d.dir+"-nowhere") + "/asha-rao/": "the dossier's URL cannot be opened",
	} {
		d.url = location
		problem, _ := activities.InvalidDossier(d.upload(w))
		require.Equal(t, text, problem)
	}
}

// TestMain links a store in. Like those of drivers, its URLs name a bucket by their host alone, here a directory.
func TestMain(m *testing.M) {
	blob.DefaultURLMux().RegisterBucket("hexdir", directories{})
	os.Exit(m.Run())
}

func bucketURL(dir string) string { return "hexdir://" + hex.EncodeToString([]byte(dir)) }

type directories struct{}

func (directories) OpenBucketURL(_ context.Context, location *url.URL) (*blob.Bucket, error) {
	dir, err := hex.DecodeString(location.Host)
	if err != nil {
		return nil, err
	}
	return fileblob.OpenBucket(string(dir), nil)
}
