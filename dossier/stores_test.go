package dossier_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
	_ "gocloud.dev/blob/s3blob" // dossiers in s3://
	"pgregory.net/rapid"

	"rampart/dossier"
	"rampart/dossier/dossiertest"
)

// requireUnusable checks that a dossier is refused in these words.
func requireUnusable(t *testing.T, stores dossier.Stores, url, text string) {
	t.Helper()
	problem := requireInvalid(t, checkIn(t, stores, url))
	require.Contains(t, problem, text, url)
	require.NotContains(t, problem, "asha")
}

func TestDossierOutsideTheStoresIsRefused(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	root, beside := filepath.Dir(d.Dir), dossiertest.New(t)
	stores := dossiertest.Stores(t, "file://"+root+"/asha", "s3://ramp-kyc/users/?endpoint=http://127.0.0.1:1&region=ap-south-1")
	for _, url := range []string{
		d.URL, beside.URL, "file:///etc", "file://" + root, // not even beside a store whose name begins its own
		"s3://ramp-kyc", "s3://ramp-kyc/asha", "s3://ramp-kyc/users-of-others/asha", "s3://other/users/asha", "gs://ramp-kyc/users/asha",
	} {
		requireUnusable(t, stores, url, "outside the stores that dossiers are taken from")
	}
}

func TestDossierIsRefusedWhereNoStoreIsNamed(t *testing.T) {
	t.Parallel()
	requireUnusable(t, dossiertest.Stores(t), dossiertest.New(t).URL, "outside the stores that dossiers are taken from")
	requireUnusable(t, dossier.Stores{}, dossiertest.New(t).URL, "outside the stores that dossiers are taken from")
}

func TestDossierWhoseURLPlaysTricksIsRefused(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	store := filepath.Join(filepath.Dir(d.Dir), "store")
	require.NoError(t, os.Mkdir(store, 0o700))
	stores := dossiertest.Stores(t, "file://"+store, "s3://ramp-kyc/?endpoint=http://127.0.0.1:1&region=ap-south-1")
	for _, trick := range []string{
		"/../asha-rao", "/%2e%2e/asha-rao", "/%2E%2e/asha-rao", "/..%2fasha-rao", "%2f..%2fasha-rao", "/x/../../asha-rao",
		`/..\asha-rao`, "/..%5casha-rao", "/asha%00", "/./../asha-rao", "//asha-rao",
	} {
		requireUnusable(t, stores, "file://"+store+trick, "the dossier's URL must")
	}
	for _, trick := range []string{
		"file://localhost" + store, "file://." + store, "file://asha@" + store, "FILE://host" + store,
		"file://" + store + "?metadata=skip", "file://" + store + "?create_dir=true", "file://" + store + "?",
		"file://" + store + "?base_url=/&secret_key_path=/etc/passwd", "file://" + store + "#asha",
		"s3://ramp-kyc/asha?endpoint=http://169.254.169.254", "s3://ramp-kyc/asha?region=eu-west-1", "s3://ramp-kyc/asha?awssdk=v2",
		"s3://ramp-kyc/asha?profile=other", "s3://ramp-kyc/asha?role=arn:aws:iam::1:role/other", "s3://key:asha@ramp-kyc/asha",
		"s3://ramp-kyc:80/asha", "https://example.test/asha", "mem://asha",
	} {
		requireUnusable(t, stores, trick, "the dossier's URL must")
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(dossiertest.ContentsOf("a.jpg")), 0o600))
	for name, lay := range map[string]func(t *testing.T, d, other disk) string{
		"to a file outside": func(_ *testing.T, d, _ disk) string { return d.Link("asha-rao.jpg", secret).URL },
		"to a file by a relative path": func(t *testing.T, d, _ disk) string {
			to, err := filepath.Rel(d.Dir, secret)
			require.NoError(t, err)
			return d.Link("asha-rao.jpg", to).URL
		},
		"to a file of the dossier":       func(_ *testing.T, d, _ disk) string { return d.Link("asha-rao.jpg", "pan-back").URL },
		"to a file of another dossier":   func(_ *testing.T, d, o disk) string { return d.Link("asha-rao.jpg", o.Dir+"/asha-rao.jpg").URL },
		"to itself":                      func(_ *testing.T, d, _ disk) string { return d.Link("asha-rao.jpg", "asha-rao.jpg").URL },
		"to nothing":                     func(_ *testing.T, d, _ disk) string { return d.Link("asha-rao.jpg", "nothing").URL },
		"in place of the index":          func(_ *testing.T, d, o disk) string { return d.Link("dossier.json", o.Dir+"/dossier.json").URL },
		"in place of the dossier":        func(t *testing.T, d, o disk) string { return "file://" + linkBeside(t, d, o.Dir) },
		"in place of the dossier, slash": func(t *testing.T, d, o disk) string { return "file://" + linkBeside(t, d, o.Dir) + "/" },
		"on the way to the dossier": func(t *testing.T, d, o disk) string {
			return "file://" + linkBeside(t, d, filepath.Dir(o.Dir)) + "/asha-rao"
		},
		"within the store": func(t *testing.T, d, _ disk) string { return "file://" + linkBeside(t, d, "asha-rao") },
		"to the root":      func(t *testing.T, d, o disk) string { return "file://" + linkBeside(t, d, "/") + o.Dir },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, other := dossiertest.New(t), dossiertest.New(t)
			stores := dossiertest.Stores(t, "file://"+filepath.Dir(d.Dir))
			requireUnusable(t, stores, lay(t, d, other), "links and devices are not followed")
		})
	}
}

// linkBeside puts a symbolic link beside a dossier, in its store.
func linkBeside(t *testing.T, d disk, to string) string {
	t.Helper()
	link := filepath.Join(filepath.Dir(d.Dir), "link")
	require.NoError(t, os.Symlink(to, link))
	return link
}

func TestOnlyPlainFilesAreRead(t *testing.T) {
	t.Parallel()
	for name, lay := range map[string]func(t *testing.T, path string){
		"pipe":      func(t *testing.T, path string) { require.NoError(t, syscall.Mkfifo(path, 0o600)) },
		"directory": func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o700)) },
		"socket": func(t *testing.T, path string) {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			require.NoError(t, err)
			t.Cleanup(func() { _ = syscall.Close(fd) })
			require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dossiertest.New(t).Remove("asha-rao.jpg")
			lay(t, filepath.Join(d.Dir, "asha-rao.jpg"))
			requireUnusable(t, dossiertest.Disk(t), d.URL, "links and devices are not followed")
		})
	}
	requireUnusable(t, dossiertest.Stores(t, "file:///dev"), "file:///dev/null", "links and devices are not followed")
	d := dossiertest.New(t)
	requireUnusable(t, dossiertest.Disk(t), d.URL+"/asha-rao.jpg", "links and devices are not followed")
}

// Whatever a URL is made of, it leads to a dossier of the store or nowhere.
func TestNoURLLeadsOutOfTheStore(t *testing.T) {
	t.Parallel()
	d, outside := dossiertest.New(t).Write("asha-rao.jpg", "inside"), dossiertest.New(t).Write("asha-rao.jpg", "outside")
	store := filepath.Dir(d.Dir)
	beside := store + "-beside/asha-rao"
	require.NoError(t, os.Mkdir(filepath.Dir(beside), 0o700))
	require.NoError(t, os.Rename(outside.Dir, beside))
	require.NoError(t, os.Symlink(filepath.Dir(beside), filepath.Join(store, "link")))
	stores := dossiertest.Stores(t, "file://"+store)
	opened := 0
	rapid.Check(t, func(t *rapid.T) {
		begin := rapid.SampledFrom([]string{store, store, store, store + "-beside", "", "/", "localhost" + store, "asha@" + store}).Draw(t, "begin")
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{
			"/asha-rao", "/asha-rao", "/asha-rao", "/", "/..", "/.", "/%2e%2e", "%2f..", `/..\`, "/..%5c", "%00", "?", "#", "-beside", "/link",
			"/" + filepath.Base(store), "/" + filepath.Base(store) + "-beside", store, beside,
		}), 1, 4).Draw(t, "steps")
		contents, err := readSelfie(context.Background(), stores, "file://"+begin+strings.Join(steps, ""))
		require.NotEqual(t, "outside", contents)
		if err == nil {
			require.Equal(t, "inside", contents)
			opened++
		}
	})
	require.Positive(t, opened, "no URL led to the dossier itself")
}

// A link to another user's dossier that takes the place of what was looked at, in the instant before it is opened, is
// not followed either.
func TestLinkSwappedInIsNeverFollowed(t *testing.T) {
	t.Parallel()
	d, other := dossiertest.New(t), dossiertest.New(t).Write("asha-rao.jpg", "another user's")
	store := filepath.Dir(d.Dir)
	require.NoError(t, os.Rename(other.Dir, filepath.Join(store, "other")))
	require.NoError(t, os.Symlink("other", filepath.Join(store, "link")))
	stores := dossiertest.Stores(t, "file://"+store)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		swap(store, stop)
	}()
	for mine := 0; mine < 2000; {
		contents, err := readSelfie(t.Context(), stores, d.URL)
		require.NotEqual(t, "another user's", contents)
		if err == nil {
			mine++
		}
	}
	close(stop)
	<-stopped
}

// swap makes a dossier and a link take turns.
func swap(store string, stop <-chan struct{}) {
	directory, kept, link := filepath.Join(store, "asha-rao"), filepath.Join(store, "kept"), filepath.Join(store, "link")
	for {
		select {
		case <-stop:
			return
		default:
			_ = os.Rename(directory, kept)
			_ = os.Rename(link, directory)
			_ = os.Rename(directory, link)
			_ = os.Rename(kept, directory)
		}
	}
}

func readSelfie(ctx context.Context, stores dossier.Stores, url string) (string, error) {
	files, err := stores.Files(ctx, url)
	if err != nil {
		return "", err
	}
	defer files.Close()
	file, err := files.Open(ctx, "asha-rao.jpg")
	if err != nil {
		return "", err
	}
	defer file.Close()
	contents, err := io.ReadAll(file)
	return string(contents), err
}

func TestStoreItselfMayBeReachedThroughALink(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(filepath.Dir(d.Dir), link))
	d.URL = "file://" + link + "/asha-rao/"
	require.NoError(t, checkIn(t, dossiertest.Stores(t, "file://"+link), d.URL))
	d.URL = "file://" + d.Dir
	require.NoError(t, checkIn(t, dossiertest.Stores(t, d.URL+"/"), d.URL), "a store may hold one dossier alone")
}

func TestSettingOfStoresIsCheckedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for bad, text := range map[string]string{
		"":                                  "must be a URL",
		"/var/lib/hunter2":                  "must be the URL of a prefix",
		"file:///":                          "must be the URL of a prefix",
		"file:///hunter2/../kyc":            "must name its prefix plainly",
		"file:///kyc?secret_key_path=/etc":  "must not have parameters",
		"s3://hunter2:hunter2@kyc/":         "must not carry credentials",
		"https://hunter2/kyc":               "must be the URL of a prefix",
		"gs://hunter2/":                     "built without",
		"mem://hunter2":                     "must be the URL of a prefix",
		"s3://kyc/ s3://hunter2/?region=us": "without spaces",
	} {
		_, err := dossier.NewStores("s3://kyc/", bad)
		require.ErrorContains(t, err, "store 2 ", bad)
		require.ErrorContains(t, err, text, bad)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// s3Store is a bucket with a dossier in users/asha/, and the parameters that lead to it.
func s3Store(t *testing.T, types map[string]string) (parameters string, asked *atomic.Int64) {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("ramp-kyc"))
	d := dossiertest.New(t)
	files, err := os.ReadDir(d.Dir)
	require.NoError(t, err)
	for _, file := range files {
		contents, meta := d.Read(file.Name()), map[string]string{}
		if kept := types[file.Name()]; kept != "" {
			meta["Content-Type"] = kept
		}
		_, err := backend.PutObject("ramp-kyc", "users/asha/"+file.Name(), meta, strings.NewReader(contents), int64(len(contents)), nil)
		require.NoError(t, err)
	}
	asked = new(atomic.Int64)
	fake := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		fake.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	return "?anonymous=true&response_checksum_validation=when_required&region=ap-south-1&use_path_style=true&endpoint=" + url.QueryEscape(server.URL), asked
}

func TestDossierInABucketIsReachedAsTheStoresOwnURLSays(t *testing.T) {
	t.Parallel()
	parameters, asked := s3Store(t, map[string]string{"front.png": "image/png", "pan-back": "binary/octet-stream"})
	for _, store := range []string{"s3://ramp-kyc", "s3://ramp-kyc/users/", "s3://ramp-kyc/users/asha"} {
		for _, url := range []string{"s3://ramp-kyc/users/asha", "s3://ramp-kyc/users/asha/"} {
			stores := dossiertest.Stores(t, store+parameters)
			err := checkIn(t, stores, url)
			require.NoError(t, err, store)
		}
	}
	asked.Store(0)
	stores := dossiertest.Stores(t, "s3://ramp-kyc/users/"+parameters)
	requireUnusable(t, stores, "s3://ramp-kyc/users/ash", "the dossier has no dossier.json")
	require.Positive(t, asked.Load())
	asked.Store(0)
	requireUnusable(t, stores, "s3://ramp-kyc/asha", "outside the stores")
	requireUnusable(t, stores, "s3://ramp-kyc/users/../asha", "the dossier's URL must")
	require.Zero(t, asked.Load(), "the store was asked for what it is not to give")
}

func TestTypeThatTheStoreKeepsMustAgreeWithTheContents(t *testing.T) {
	t.Parallel()
	for kept, text := range map[string]string{
		"text/html": "for selfie is image/jpeg by its contents", "image/png": "for selfie is image/jpeg by its contents", "no type": "for selfie is image/jpeg",
	} {
		parameters, _ := s3Store(t, map[string]string{"asha-rao.jpg": kept})
		requireUnusable(t, dossiertest.Stores(t, "s3://ramp-kyc/"+parameters), "s3://ramp-kyc/users/asha", text)
	}
}

func TestBucketThatCannotBeOpenedIsAStoreErrorWithoutItsParameters(t *testing.T) {
	t.Parallel()
	stores := dossiertest.Stores(t, "s3://ramp-kyc/?hunter2=hunter2")
	err := checkIn(t, stores, "s3://ramp-kyc/asha")
	requireStoreError(t, err)
	require.ErrorContains(t, err, "RAMP_KYC_STORES")
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "asha")
}
