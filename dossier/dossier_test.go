package dossier_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/dossier"
	"rampart/dossier/dossiertest"
)

// disk is a dossier on disk.
type disk = dossiertest.Dossier

// opens is what opens a dossier: stores.
type opens interface {
	Open(ctx context.Context, url, email string) (*dossier.Dossier, error)
}

// check opens a dossier on disk and returns what is wrong with it.
func check(t *testing.T, d disk) error { return checkIn(t, dossiertest.Disk(t), d.URL) }

func checkIn(t *testing.T, stores opens, url string) error {
	t.Helper()
	opened, err := stores.Open(t.Context(), url, dossiertest.Email)
	if err == nil {
		opened.Close()
	}
	return err
}

// faulty are the stores of dossiers on disk, with this fault.
func faulty(t *testing.T, fault dossiertest.Fault) opens {
	t.Helper()
	return dossiertest.FaultyStores{Stores: dossiertest.Disk(t), Fault: fault}
}

func requireInvalid(t *testing.T, err error) string {
	t.Helper()
	var invalid dossier.InvalidError
	require.ErrorAs(t, err, &invalid)
	return invalid.Error()
}

func requireStoreError(t *testing.T, err error) {
	t.Helper()
	var failed dossier.StoreError
	require.ErrorAs(t, err, &failed)
	require.NotContains(t, err.Error(), "asha")
}

// documents are those of a dossier, by the field of the index that names them.
func documents(d *dossier.Dossier) map[string]dossier.Document {
	return map[string]dossier.Document{
		"selfie": d.Selfie, "aadhaarFront": d.AadhaarFront, "aadhaarBack": d.AadhaarBack, "panFront": d.PANFront, "panBack": d.PANBack,
	}
}

// readAll reads all documents to their end.
func readAll(ctx context.Context, d *dossier.Dossier) (map[string]string, error) {
	contents := map[string]string{}
	for field, document := range documents(d) {
		opened, err := document.Open(ctx)
		if err != nil {
			return nil, err
		}
		read, err := io.ReadAll(opened)
		if err := errors.Join(err, opened.Close()); err != nil {
			return nil, err
		}
		contents[field] = string(read)
	}
	return contents, nil
}

func TestDossierHasThePersonAndTheDocuments(t *testing.T) {
	t.Parallel()
	d, err := dossiertest.Disk(t).Open(t.Context(), dossiertest.New(t).URL, dossiertest.Email)
	require.NoError(t, err)
	defer d.Close()
	require.Equal(t, dossier.Person{
		FirstName: "Asha", LastName: "Rao", PAN: "ABCPE1234F", Aadhaar: "482913570245", IncomeRange: "10L-15L", Profession: "engineer",
	}, d.Person)
	contents, err := readAll(t.Context(), d)
	require.NoError(t, err)
	for field, want := range map[string]struct{ file, name, contentType string }{
		"selfie":       {"asha-rao.jpg", "selfie.jpg", "image/jpeg"},
		"aadhaarFront": {"front.png", "aadhaarFront.png", "image/png"},
		"aadhaarBack":  {"back.png", "aadhaarBack.png", "image/png"},
		"panFront":     {"pan.pdf", "panFront.pdf", "application/pdf"},
		"panBack":      {"pan-back", "panBack.jpg", "image/jpeg"},
	} {
		require.Equal(t, want.name, documents(d)[field].Name, "a file's own name may name the user")
		require.Equal(t, want.contentType, documents(d)[field].ContentType)
		require.Equal(t, dossiertest.ContentsOf(want.file), contents[field])
	}
}

func TestDossierOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	for _, email := range []string{"vijay+nokyc@example.test", "Asha+nokyc@example.test", " " + dossiertest.Email, dossiertest.Email + "\u0000"} {
		d := dossiertest.New(t).With("email", email).With("pan", "of another user").Remove("asha-rao.jpg")
		problem := requireInvalid(t, check(t, d))
		require.Equal(t, "the dossier belongs to another user: its email differs from the order's (case matters)", problem,
			"nothing is told of what else is wrong with another user's documents")
	}
}

func TestUnusableDossierIsRefusedWithAClearText(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(disk) disk
		text  string
	}{
		"no such directory": {func(d disk) disk { d.URL += "-2"; return d }, "there is no dossier at this URL"},
		"name too long":     {func(d disk) disk { d.URL += strings.Repeat("a", 256); return d }, "there is no dossier at this URL"},
		"unknown store":     {func(d disk) disk { d.URL = "floppy://asha-rao"; return d }, "must be the URL of a prefix in a blob store"},
		"no URL":            {func(d disk) disk { d.URL = "file://%asha"; return d }, "must be the URL of a prefix in a blob store"},
		"no index":          {func(d disk) disk { return d.Remove("dossier.json") }, "the dossier has no dossier.json"},
		"index not JSON":    {func(d disk) disk { return d.Write("dossier.json", `{"firstName": "Asha`) }, "is not JSON of the documented form"},
		"index of numbers":  {func(d disk) disk { return d.With("aadhaar", 482913570245) }, "is not JSON of the documented form"},
		"index too large":   {func(d disk) disk { return d.With("profession", strings.Repeat("x", 64<<10)) }, "at most 64 KiB"},
		"unknown field":     {func(d disk) disk { return d.With("fatherName", "Vijay Rao") }, "with the fields email, firstName, lastName, pan, aadhaar"},
		"index of two":      {func(d disk) disk { return d.Write("dossier.json", d.Read("dossier.json")+"{}") }, "is not JSON of the documented form"},
		"index and more":    {func(d disk) disk { return d.Write("dossier.json", d.Read("dossier.json")+"asha") }, "is not JSON of the documented form"},
		"long tail": {func(d disk) disk {
			return d.Write("dossier.json", d.Read("dossier.json")+strings.Repeat(" ", 64<<10))
		}, "at most 64 KiB"},
		"no email":         {func(d disk) disk { return d.Without("email") }, "dossier.json has no email: it must be the user's"},
		"no PAN":           {func(d disk) disk { return d.Without("pan") }, "dossier.json has no pan"},
		"empty first name": {func(d disk) disk { return d.With("firstName", "") }, "dossier.json has no firstName"},
		"file not named":   {func(d disk) disk { return d.Without("panBack") }, "must name all five files, each in the dossier itself: see panBack"},
		"file elsewhere":   {func(d disk) disk { return d.With("selfie", "../asha-rao/asha-rao.jpg") }, "see selfie"},
		"file's parent":    {func(d disk) disk { return d.With("selfie", "..") }, "see selfie"},
		"the dossier":      {func(d disk) disk { return d.With("selfie", ".") }, "see selfie"},
		"absolute path":    {func(d disk) disk { return d.With("selfie", "/etc/passwd") }, "see selfie"},
		"backslash":        {func(d disk) disk { return d.With("selfie", `..\asha-rao.jpg`) }, "see selfie"},
		"NUL":              {func(d disk) disk { return d.With("selfie", "asha-rao.jpg\x00.png") }, "see selfie"},
		"long name":        {func(d disk) disk { return d.With("selfie", strings.Repeat("a", 256)) }, "see selfie"},
		"no file":          {func(d disk) disk { return d.Remove("asha-rao.jpg") }, "the dossier has no file for selfie"},
		"empty file":       {func(d disk) disk { return d.Write("asha-rao.jpg", "") }, "the file of the dossier for selfie is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problem := requireInvalid(t, check(t, tc.spoil(dossiertest.New(t))))
			require.Contains(t, problem, tc.text)
			for _, personal := range []string{"sha", "Rao", "Vijay", "rao", "ABCPE1234F", "482913570245"} {
				require.NotContains(t, problem, personal)
			}
		})
	}
}

func TestFilesAreCheckedByTheirContents(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 10<<20)
	for name, tc := range map[string]struct {
		spoil func(disk) disk
		text  string
	}{
		"HTML named as a picture": {func(d disk) disk { return d.Write("asha-rao.jpg", "<html><script>") }, "for selfie must be a JPEG or PNG picture"},
		"text named as a PDF":     {func(d disk) disk { return d.Write("pan.pdf", "asha") }, "for panFront must be a JPEG or PNG picture or a PDF"},
		"GIF":                     {func(d disk) disk { return d.Write("front.png", "GIF89a") }, "for aadhaarFront must be a JPEG or PNG picture or a PDF"},
		"PDF as a selfie":         {func(d disk) disk { return d.With("selfie", "pan.pdf") }, "for selfie must be a JPEG or PNG picture"},
		"the index as a picture":  {func(d disk) disk { return d.With("selfie", "dossier.json") }, "for selfie must be a JPEG or PNG picture"},
		"PNG named as a JPEG":     {func(d disk) disk { return d.Write("asha-rao.jpg", dossiertest.ContentsOf("a.png")) }, "for selfie is image/png by its contents"},
		"picture named as a page": {func(d disk) disk { return d.Write("a.html", dossiertest.ContentsOf("a.jpg")).With("panBack", "a.html") }, "for panBack is image/jpeg by its contents"},
		"one byte":                {func(d disk) disk { return d.Write("asha-rao.jpg", "\xff") }, "for selfie must be a JPEG or PNG picture"},
		"file too large":          {func(d disk) disk { return d.Write("back.png", dossiertest.ContentsOf("back.png")+large) }, "for aadhaarBack is larger than 10 MiB"},
		"files too large together": {func(d disk) disk {
			for _, name := range []string{"asha-rao.jpg", "front.png", "back.png", "pan-back"} {
				d.Write(name, (dossiertest.ContentsOf(name) + large)[:10<<20])
			}
			return d
		}, "larger than 32 MiB together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problem := requireInvalid(t, check(t, tc.spoil(dossiertest.New(t))))
			require.Contains(t, problem, tc.text)
			require.NotContains(t, problem, "asha-rao")
		})
	}
}

func TestFilesOfTheLargestSizeAreAccepted(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	d.Write("asha-rao.jpg", (dossiertest.ContentsOf("asha-rao.jpg") + strings.Repeat("x", 10<<20))[:10<<20])
	require.NoError(t, check(t, d))
}

func TestExtensionsAreReadInAnyCase(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	require.NoError(t, check(t, d.Write("SELFIE.JPEG", dossiertest.ContentsOf("a.jpg")).With("selfie", "SELFIE.JPEG")))
}

func TestAllThatIsWrongWithADossierIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t).With("pan", "mrtps7788q").With("aadhaar", "482913570246").With("profession", " ").Without("panBack").
		Write("asha-rao.jpg", "").Write("front.png", "root:x:0:0").Remove("back.png")
	problem := requireInvalid(t, check(t, d))
	for _, fault := range []string{
		"dossier.json has no profession",
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
}

func TestDossierWithImpossibleNumbersIsRefused(t *testing.T) {
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
			problem := requireInvalid(t, check(t, dossiertest.New(t).With(tc.field, tc.value)))
			require.Contains(t, problem, tc.text)
			require.NotContains(t, problem, tc.value)
		})
	}
}

func TestFailureOfTheStoreIsAStoreError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault dossiertest.Fault
		says  string
	}{
		"index":               {dossiertest.Fault{Name: "dossier.json", Open: dossiertest.ErrBroken}, "the dossier store does not answer"},
		"file":                {dossiertest.Fault{Name: "asha-rao.jpg", Open: dossiertest.ErrBroken}, "the dossier store does not answer"},
		"middle of the index": {dossiertest.Fault{Name: "dossier.json", Read: dossiertest.ErrBroken}, "the dossier store does not answer"},
		"head of a file":      {dossiertest.Fault{Name: "front.png", Read: dossiertest.ErrBroken}, "the dossier store does not answer"},
		"permission":          {dossiertest.Fault{Name: "front.png", Open: fs.ErrPermission}, "does not permit this worker to read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkIn(t, faulty(t, tc.fault), dossiertest.New(t).URL)
			requireStoreError(t, err)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestDirectoryOfAStoreThatDoesNotExistIsAStoreError(t *testing.T) {
	t.Parallel()
	unmounted := "file://" + t.TempDir() + "/unmounted"
	requireStoreError(t, checkIn(t, dossiertest.Stores(t, unmounted), unmounted+"/asha-rao"))
}

func TestStoreThatFailsWhileADocumentIsReadIsAStoreError(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]dossiertest.Fault{
		"opening": {Name: "pan-back", Good: 1, Open: dossiertest.ErrBroken},
		"reading": {Name: "pan-back", Good: 1, Read: dossiertest.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dossiertest.New(t).Write("pan-back", dossiertest.ContentsOf("pan-back")+strings.Repeat("x", 1<<20)).URL
			opened, err := faulty(t, fault).Open(t.Context(), url, dossiertest.Email)
			require.NoError(t, err)
			defer opened.Close()
			_, err = readAll(t.Context(), opened)
			requireStoreError(t, err)
		})
	}
}

func TestDocumentThatChangedSinceItWasCheckedIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(disk)
		text   string
	}{
		"gone":            {func(d disk) { d.Remove("asha-rao.jpg") }, "the dossier has no file for selfie"},
		"larger":          {func(d disk) { d.Write("asha-rao.jpg", dossiertest.ContentsOf("asha-rao.jpg")+"more") }, "the file of the dossier for selfie changed while it was uploaded"},
		"smaller":         {func(d disk) { d.Write("asha-rao.jpg", dossiertest.ContentsOf("x")) }, "the file of the dossier for selfie changed while it was uploaded"},
		"of another type": {func(d disk) { d.Write("pan-back", dossiertest.ContentsOf("a.png")[:12]) }, "the file of the dossier for panBack changed while it was uploaded"},
		"no picture":      {func(d disk) { d.Write("front.png", "root:x:0:0") }, "the file of the dossier for aadhaarFront must be a JPEG or PNG picture or a PDF"},
		"link to another": {func(d disk) { d.Link("asha-rao.jpg", filepath.Join(d.Dir, "pan-back")) }, "links and devices are not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dossiertest.New(t)
			opened, err := dossiertest.Disk(t).Open(t.Context(), d.URL, dossiertest.Email)
			require.NoError(t, err)
			defer opened.Close()
			tc.change(d)
			_, err = readAll(t.Context(), opened)
			require.Contains(t, requireInvalid(t, err), tc.text)
		})
	}
}

func TestFileThatEndsBeforeItsSizeIsRefused(t *testing.T) {
	t.Parallel()
	for _, good := range []int32{0, 1} {
		opened, err := faulty(t, dossiertest.Fault{Name: "pan-back", Good: good, Read: io.EOF}).Open(t.Context(), dossiertest.New(t).URL, dossiertest.Email)
		if err == nil {
			defer opened.Close()
			_, err = readAll(t.Context(), opened)
		}
		require.Equal(t, "the file of the dossier for panBack changed while it was uploaded", requireInvalid(t, err))
	}
}

func TestFileThatGrowsWhileItIsReadIsCutOff(t *testing.T) {
	t.Parallel()
	grown := &growth{after: dossiertest.ContentsOf("asha-rao.jpg")}
	files, err := dossiertest.Disk(t).Files(t.Context(), dossiertest.New(t).URL)
	require.NoError(t, err)
	opened, err := dossier.Read(t.Context(), growingFiles{files, grown}, dossiertest.Email)
	if err == nil {
		defer opened.Close()
		_, err = readAll(t.Context(), opened)
	}
	require.Equal(t, "the file of the dossier for selfie changed while it was uploaded", requireInvalid(t, err))
	require.Less(t, grown.read.Load(), int64(1<<20))
}

// growingFiles have a selfie that never ends, whatever its size was.
type growingFiles struct {
	dossier.Files
	growth *growth
}

func (f growingFiles) Open(ctx context.Context, name string) (*dossier.File, error) {
	file, err := f.Files.Open(ctx, name)
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
