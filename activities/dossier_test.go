package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/sandbox"
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
		"email": unverified, "firstName": "Asha", "lastName": "Rao", "pan": "ABCPE1234F", "aadhaar": "482913570245",
		"incomeRange": "10L-15L", "profession": "engineer",
	}}
	for field, name := range map[string]string{
		"selfie": "asha-rao.jpg", "aadhaarFront": "front.png", "aadhaarBack": "back.png", "panFront": "pan.pdf", "panBack": "pan-back",
	} {
		d.index[field] = name
		d.write(name, contentsOf(name))
	}
	return d.with("profession", "engineer")
}

// contentsOf are a file's, of the format that its name says.
func contentsOf(name string) string {
	switch filepath.Ext(name) {
	case ".png":
		return "\x89PNG\r\n\x1a\n" + name
	case ".pdf":
		return "%PDF-1.7\n" + name
	default:
		return "\xff\xd8\xff\xe0" + name
	}
}

// dossiersIn opens dossiers below these URLs.
func dossiersIn(t *testing.T, stores ...string) activities.OpenDossiers {
	t.Helper()
	all, err := activities.NewDossierStores(stores...)
	require.NoError(t, err)
	return all.Open
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

func (d dossier) read(name string) string {
	d.t.Helper()
	contents, err := os.ReadFile(filepath.Join(d.dir, name))
	require.NoError(d.t, err)
	return string(contents)
}

// link puts a symbolic link in a file's place.
func (d dossier) link(name, to string) dossier {
	d.t.Helper()
	d.remove(name)
	require.NoError(d.t, os.Symlink(to, filepath.Join(d.dir, name)))
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

func TestDossierOfAnotherUserIsNotSent(t *testing.T) {
	t.Parallel()
	for _, email := range []string{"vijay+nokyc@example.test", "Asha+nokyc@example.test", " " + unverified, unverified + "\u0000"} {
		w := newWorld(t)
		d := newDossier(t).with("email", email).with("pan", "of another user").remove("asha-rao.jpg")
		problem, invalid := activities.InvalidDossier(d.upload(w))
		require.True(t, invalid)
		require.Equal(t, "the dossier is another user's: its email is not the order's; the case of the letters counts", problem,
			"nothing is told of what else is wrong with another user's documents")
		require.Zero(t, w.called(onmeta.RouteUploadKYC))
		require.Zero(t, w.called(onmeta.RouteLogin))
	}
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
		require.Equal(t, contentsOf(want.name), string(contents))
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
	require.NoError(t, newDossier(t).upload(w))
	requireVerified(t, w, true)
}

func TestUnusableDossierIsRefusedWithAClearTextBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(dossier) dossier
		text  string
	}{
		"no such directory": {func(d dossier) dossier { d.url += "-2"; return d }, "there is no dossier at this URL"},
		"name too long":     {func(d dossier) dossier { d.url += strings.Repeat("a", 256); return d }, "there is no dossier at this URL"},
		"unknown store":     {func(d dossier) dossier { d.url = "floppy://asha-rao"; return d }, "must be the URL of a prefix in a blob store"},
		"no URL":            {func(d dossier) dossier { d.url = "file://%asha"; return d }, "must be the URL of a prefix in a blob store"},
		"no index":          {func(d dossier) dossier { return d.remove("dossier.json") }, "the dossier has no dossier.json"},
		"index not JSON":    {func(d dossier) dossier { return d.write("dossier.json", `{"firstName": "Asha`) }, "is not JSON of the documented form"},
		"index of numbers":  {func(d dossier) dossier { return d.with("aadhaar", 482913570245) }, "is not JSON of the documented form"},
		"index too large":   {func(d dossier) dossier { return d.with("profession", strings.Repeat("x", 64<<10)) }, "at most 64 KiB"},
		"unknown field":     {func(d dossier) dossier { return d.with("fatherName", "Vijay Rao") }, "under the names email, firstName, lastName, pan, aadhaar"},
		"index of two":      {func(d dossier) dossier { return d.write("dossier.json", d.read("dossier.json")+"{}") }, "is not JSON of the documented form"},
		"index and more":    {func(d dossier) dossier { return d.write("dossier.json", d.read("dossier.json")+"asha") }, "is not JSON of the documented form"},
		"long tail": {func(d dossier) dossier {
			return d.write("dossier.json", d.read("dossier.json")+strings.Repeat(" ", 64<<10))
		}, "at most 64 KiB"},
		"no email":         {func(d dossier) dossier { return d.without("email") }, "dossier.json holds no email: it must be the user's"},
		"no PAN":           {func(d dossier) dossier { return d.without("pan") }, "dossier.json holds no pan"},
		"empty first name": {func(d dossier) dossier { return d.with("firstName", "") }, "dossier.json holds no firstName"},
		"file not named":   {func(d dossier) dossier { return d.without("panBack") }, "must name all five files, each in the dossier itself: see panBack"},
		"file elsewhere":   {func(d dossier) dossier { return d.with("selfie", "../asha-rao/asha-rao.jpg") }, "see selfie"},
		"file's parent":    {func(d dossier) dossier { return d.with("selfie", "..") }, "see selfie"},
		"the dossier":      {func(d dossier) dossier { return d.with("selfie", ".") }, "see selfie"},
		"absolute path":    {func(d dossier) dossier { return d.with("selfie", "/etc/passwd") }, "see selfie"},
		"backslash":        {func(d dossier) dossier { return d.with("selfie", `..\asha-rao.jpg`) }, "see selfie"},
		"NUL":              {func(d dossier) dossier { return d.with("selfie", "asha-rao.jpg\x00.png") }, "see selfie"},
		"long name":        {func(d dossier) dossier { return d.with("selfie", strings.Repeat("a", 256)) }, "see selfie"},
		"no file":          {func(d dossier) dossier { return d.remove("asha-rao.jpg") }, "the dossier has no file for selfie"},
		"empty file":       {func(d dossier) dossier { return d.write("asha-rao.jpg", "") }, "the file of the dossier for selfie is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			err := tc.spoil(newDossier(t)).upload(w)
			problem, invalid := activities.InvalidDossier(err)
			require.True(t, invalid, "%v", err)
			require.Contains(t, problem, tc.text)
			require.True(t, failure(t, err).NonRetryable())
			for _, personal := range []string{"sha", "Rao", "Vijay", "rao", "ABCPE1234F", "482913570245"} {
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
	for name, tc := range map[string]struct {
		flaw flaw
		says string
	}{
		"index":               {flaw{name: "dossier.json", open: errBroken}, "the dossier's store does not answer"},
		"file":                {flaw{name: "asha-rao.jpg", open: errBroken}, "the dossier's store does not answer"},
		"middle of the index": {flaw{name: "dossier.json", read: errBroken}, "the dossier's store does not answer"},
		"head of a file":      {flaw{name: "front.png", read: errBroken}, "the dossier's store does not answer"},
		"permission":          {flaw{name: "front.png", open: fs.ErrPermission}, "does not let this worker read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w := newDossier(t), faultyWorld(t, tc.flaw)
			err := d.upload(w)
			requireRetried(t, activities.ErrStore, err)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "asha")
			require.Zero(t, w.called(onmeta.RouteUploadKYC))
		})
	}
}

func TestStoreThatIsNotThereIsRetried(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{OpenDossiers: dossiersIn(t, "file://"+dir+"/unmounted")})
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: "file://" + dir + "/unmounted/asha-rao"})
	requireRetried(t, activities.ErrStore, err)
	require.NotContains(t, err.Error(), "asha")
}

var errBroken = errors.New("connection reset while reading asha-rao")

// flaw is one of a store, about one file: after some good openings it can no longer be opened, or be read to its end.
type flaw struct {
	name       string
	good       int32
	open, read error
}

// faultyWorld opens dossiers on disk, with this flaw.
func faultyWorld(t *testing.T, f flaw) *world {
	t.Helper()
	open := dossiersIn(t, "file://"+os.TempDir())
	return newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{
		OpenDossiers: func(ctx context.Context, url string) (activities.DossierFiles, error) {
			files, err := open(ctx, url)
			return &faultyFiles{DossierFiles: files, flaw: f}, err
		},
	})
}

type faultyFiles struct {
	activities.DossierFiles
	flaw   flaw
	opened atomic.Int32
}

func (f *faultyFiles) Open(ctx context.Context, name string) (*activities.DossierFile, error) {
	file, err := f.DossierFiles.Open(ctx, name)
	if err != nil || name != f.flaw.name || f.opened.Add(1) <= f.flaw.good {
		return file, err
	}
	if f.flaw.open != nil {
		return nil, errors.Join(f.flaw.open, file.Close())
	}
	whole := file.ReadCloser
	file.ReadCloser = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(whole, file.Size/2), broken{f.flaw.read}), whole}
	return file, nil
}

func TestStoreThatFailsDuringTheUploadIsRetriedAndNothingIsTaken(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]flaw{
		"opening": {name: "pan-back", good: 1, open: errBroken},
		"reading": {name: "pan-back", good: 1, read: errBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w := newDossier(t).write("pan-back", contentsOf("pan-back")+strings.Repeat("x", 1<<20)), faultyWorld(t, f)
			err := d.upload(w)
			requireRetried(t, activities.ErrStore, err)
			require.NotContains(t, err.Error(), "asha")
			requireVerified(t, w, false)
		})
	}
}

func TestDossierThatChangesDuringTheUploadIsADossierErrorAndNothingIsTaken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(dossier)
		text   string
	}{
		"gone":            {func(d dossier) { d.remove("asha-rao.jpg") }, "the dossier has no file for selfie"},
		"larger":          {func(d dossier) { d.write("asha-rao.jpg", contentsOf("asha-rao.jpg")+"more") }, "the file of the dossier for selfie changed while it was uploaded"},
		"smaller":         {func(d dossier) { d.write("asha-rao.jpg", contentsOf("x")) }, "the file of the dossier for selfie changed while it was uploaded"},
		"of another type": {func(d dossier) { d.write("pan-back", contentsOf("a.png")[:12]) }, "the file of the dossier for panBack changed while it was uploaded"},
		"no picture":      {func(d dossier) { d.write("front.png", "root:x:0:0") }, "the file of the dossier for aadhaarFront must be a JPEG or PNG picture or a PDF"},
		"link to another": {func(d dossier) { d.link("asha-rao.jpg", filepath.Join(d.dir, "pan-back")) }, "links and devices are not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, d := newWorld(t), newDossier(t)
			w.network.once(onmeta.RouteUploadKYC, first(func() { tc.change(d) }))
			problem, invalid := activities.InvalidDossier(d.upload(w))
			require.True(t, invalid)
			require.Contains(t, problem, tc.text)
			requireVerified(t, w, false)
		})
	}
}

func TestFileThatEndsBeforeItsSizeIsADossierError(t *testing.T) {
	t.Parallel()
	for _, good := range []int32{0, 1} {
		d, w := newDossier(t), faultyWorld(t, flaw{name: "pan-back", good: good, read: io.EOF})
		problem, invalid := activities.InvalidDossier(d.upload(w))
		require.True(t, invalid)
		require.Equal(t, "the file of the dossier for panBack changed while it was uploaded", problem)
		requireVerified(t, w, false)
	}
}

func TestFileThatGrowsWhileItIsReadIsCutOff(t *testing.T) {
	t.Parallel()
	d, growing := newDossier(t), &growth{after: contentsOf("asha-rao.jpg")}
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{
		OpenDossiers: func(ctx context.Context, url string) (activities.DossierFiles, error) {
			files, err := dossiersIn(t, "file://"+os.TempDir())(ctx, url)
			return growingFiles{files, growing}, err
		},
	})
	problem, invalid := activities.InvalidDossier(d.upload(w))
	require.True(t, invalid)
	require.Equal(t, "the file of the dossier for selfie changed while it was uploaded", problem)
	require.Less(t, growing.read.Load(), int64(1<<20))
	requireVerified(t, w, false)
}

// growingFiles have a selfie that never ends, whatever its size was.
type growingFiles struct {
	activities.DossierFiles
	growth *growth
}

func (f growingFiles) Open(ctx context.Context, name string) (*activities.DossierFile, error) {
	file, err := f.DossierFiles.Open(ctx, name)
	if err == nil && name == "asha-rao.jpg" {
		file.ReadCloser = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(strings.NewReader(f.growth.after), f.growth), file.ReadCloser}
	}
	return file, err
}

// growth is what a file gains.
type growth struct {
	after string
	read  atomic.Int64
}

func (g *growth) Read(p []byte) (int, error) {
	g.read.Add(int64(len(p)))
	return len(p), nil
}

func TestProvidersRefusalOfADossierIsARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: "asha+kycrefused@example.test", Dossier: newDossier(t).with("email", "asha+kycrefused@example.test").url})
	requireRefused(t, http.StatusBadRequest, "Invalid request", err)
}

func TestUploadWhoseAnswerWasLostMayBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := activities.UploadKYCRequest{Email: "asha+review@example.test", Dossier: newDossier(t).with("email", "asha+review@example.test").url}
	w.network.once(onmeta.RouteUploadKYC, lost)
	_, err := run(w, w.calls.UploadKYC, request)
	requireRetried(t, activities.ErrUnavailable, err)
	_, err = run(w, w.calls.UploadKYC, request)
	require.NoError(t, err)
}

// Whoever is verified by then is refused; only a look at the KYC status tells so.
func TestUploadWhoseLostAnswerVerifiedTheUserIsRefused(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newDossier(t)
	w.network.once(onmeta.RouteUploadKYC, lost)
	requireRetried(t, activities.ErrUnavailable, d.upload(w))
	requireRefused(t, http.StatusBadRequest, "KYC already verified", d.upload(w))
	requireVerified(t, w, true)
}

func TestCancellationWhileADossierIsReadPassesThrough(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d := newDossier(t)
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{
		OpenDossiers: func(context.Context, string) (activities.DossierFiles, error) {
			cancel()
			return nil, errBroken
		},
	})
	env := w.env()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	_, err := runIn(env, w.calls.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: d.url})
	require.EqualError(t, failure(t, err), context.Canceled.Error())
}

func TestFilesAreCheckedByTheirContentsBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 10<<20)
	for name, tc := range map[string]struct {
		spoil func(dossier) dossier
		text  string
	}{
		"HTML named as a picture": {func(d dossier) dossier { return d.write("asha-rao.jpg", "<html><script>") }, "for selfie must be a JPEG or PNG picture"},
		"text named as a PDF":     {func(d dossier) dossier { return d.write("pan.pdf", "asha") }, "for panFront must be a JPEG or PNG picture or a PDF"},
		"GIF":                     {func(d dossier) dossier { return d.write("front.png", "GIF89a") }, "for aadhaarFront must be a JPEG or PNG picture or a PDF"},
		"PDF as a selfie":         {func(d dossier) dossier { return d.with("selfie", "pan.pdf") }, "for selfie must be a JPEG or PNG picture"},
		"the index as a picture":  {func(d dossier) dossier { return d.with("selfie", "dossier.json") }, "for selfie must be a JPEG or PNG picture"},
		"PNG named as a JPEG":     {func(d dossier) dossier { return d.write("asha-rao.jpg", contentsOf("a.png")) }, "for selfie is image/png by its contents"},
		"picture named as a page": {func(d dossier) dossier { return d.write("a.html", contentsOf("a.jpg")).with("panBack", "a.html") }, "for panBack is image/jpeg by its contents"},
		"one byte":                {func(d dossier) dossier { return d.write("asha-rao.jpg", "\xff") }, "for selfie must be a JPEG or PNG picture"},
		"file too large":          {func(d dossier) dossier { return d.write("back.png", contentsOf("back.png")+large) }, "for aadhaarBack is larger than 10 MiB"},
		"files too large together": {func(d dossier) dossier {
			for _, name := range []string{"asha-rao.jpg", "front.png", "back.png", "pan-back"} {
				d.write(name, (contentsOf(name) + large)[:10<<20])
			}
			return d
		}, "larger than 32 MiB together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			err := tc.spoil(newDossier(t)).upload(w)
			problem, invalid := activities.InvalidDossier(err)
			require.True(t, invalid, "%v", err)
			require.Contains(t, problem, tc.text)
			require.NotContains(t, problem, "asha-rao")
			require.Zero(t, w.called(onmeta.RouteUploadKYC))
		})
	}
}

func TestFilesOfTheLargestSizeAreTaken(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newDossier(t)
	d.write("asha-rao.jpg", (contentsOf("asha-rao.jpg") + strings.Repeat("x", 10<<20))[:10<<20])
	require.NoError(t, d.upload(w))
	requireVerified(t, w, true)
}

func TestExtensionsAreReadInAnyCase(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newDossier(t)
	require.NoError(t, d.write("SELFIE.JPEG", contentsOf("a.jpg")).with("selfie", "SELFIE.JPEG").upload(w))
	requireVerified(t, w, true)
}

func TestAllThatIsWrongWithADossierIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := newDossier(t).with("pan", "mrtps7788q").with("aadhaar", "482913570246").with("profession", " ").without("panBack").
		write("asha-rao.jpg", "").write("front.png", "root:x:0:0").remove("back.png")
	problem, invalid := activities.InvalidDossier(d.upload(w))
	require.True(t, invalid)
	for _, fault := range []string{
		"dossier.json holds no profession",
		"dossier.json: pan must be 5 capital letters, 4 digits and a capital letter",
		"dossier.json: aadhaar has a wrong check digit",
		"the file of the dossier for selfie is empty",
		"the file of the dossier for aadhaarFront must be a JPEG or PNG picture or a PDF",
		"the dossier has no file for aadhaarBack",
		"see panBack",
	} {
		require.Contains(t, problem, fault)
	}
	for _, value := range []string{"mrtps7788q", "482913570246", "asha", "front.png"} {
		require.NotContains(t, problem, value)
	}
	require.Zero(t, w.called(onmeta.RouteUploadKYC))
	require.Zero(t, w.called(onmeta.RouteLogin))
}

func TestDossierWithNumbersThatCannotBeIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ field, value, text string }{
		"PAN in small letters":       {"pan", "mrtps7788q", "pan must be 5 capital letters"},
		"PAN with a space":           {"pan", "MRTPS7788Q ", "pan must be 5 capital letters"},
		"Aadhaar with a typing slip": {"aadhaar", "482913570254", "aadhaar has a wrong check digit"},
		"Aadhaar with spaces":        {"aadhaar", "4829 1357 0245", "aadhaar must be 12 digits"},
		"masked Aadhaar":             {"aadhaar", "XXXXXXXX0245", "aadhaar must be 12 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			problem, invalid := activities.InvalidDossier(newDossier(t).with(tc.field, tc.value).upload(w))
			require.True(t, invalid)
			require.Contains(t, problem, tc.text)
			require.NotContains(t, problem, tc.value)
			require.Zero(t, w.called(onmeta.RouteUploadKYC))
		})
	}
}

func TestDocumentsThatAreRefusedForTheirSizeOrFormatAreTheUsersToMend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		refused fault
		text    string
	}{
		"gateway's 413":  {answers(http.StatusRequestEntityTooLarge, "<html>413 Request Entity Too Large</html>"), "too large for the provider"},
		"provider's 413": {refuses(http.StatusRequestEntityTooLarge, "file too large"), "too large for the provider"},
		"gateway's 415":  {answers(http.StatusUnsupportedMediaType, ""), "does not take documents of these formats"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteUploadKYC, tc.refused)
			problem, invalid := activities.InvalidDossier(newDossier(t).upload(w))
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
			refusal, refused := activities.Refused(newDossier(t).upload(w))
			require.True(t, refused)
			require.Equal(t, tc.again, refusal.RetryAfter)
		})
	}
}
