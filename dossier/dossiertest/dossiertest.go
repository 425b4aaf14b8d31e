// Package dossiertest holds KYC dossiers for tests: complete ones on disk, and stores that fail.
package dossiertest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/dossier"
)

// Email is the user's whose dossier New returns.
const Email = "asha+nokyc@example.test"

// Dossier is a dossier on disk.
type Dossier struct {
	Dir, URL string

	t     testing.TB
	index map[string]any
}

// New returns a complete dossier in a directory of its own. The directory and some files are named after the user, as they may be.
func New(t testing.TB) Dossier {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "asha-rao")
	require.NoError(t, os.Mkdir(dir, 0o700))
	d := Dossier{t: t, Dir: dir, URL: "file://" + dir, index: map[string]any{
		"email": Email, "firstName": "Asha", "lastName": "Rao", "pan": "ABCPE1234F", "aadhaar": "482913570245",
		"incomeRange": "10L-15L", "profession": "engineer",
	}}
	for field, name := range map[string]string{
		"selfie": "asha-rao.jpg", "aadhaarFront": "front.png", "aadhaarBack": "back.png", "panFront": "pan.pdf", "panBack": "pan-back",
	} {
		d.index[field] = name
		d.Write(name, ContentsOf(name))
	}
	return d.With("profession", "engineer")
}

// ContentsOf returns the contents of a file of this name, in the format that its extension says.
func ContentsOf(name string) string {
	switch filepath.Ext(name) {
	case ".png":
		return "\x89PNG\r\n\x1a\n" + name
	case ".pdf":
		return "%PDF-1.7\n" + name
	default:
		return "\xff\xd8\xff\xe0" + name
	}
}

// With sets a field of dossier.json.
func (d Dossier) With(field string, value any) Dossier {
	d.t.Helper()
	d.index[field] = value
	encoded, err := json.Marshal(d.index)
	require.NoError(d.t, err)
	return d.Write("dossier.json", string(encoded))
}

// Without removes a field of dossier.json.
func (d Dossier) Without(field string) Dossier {
	d.t.Helper()
	delete(d.index, field)
	return d.With("lastName", d.index["lastName"])
}

// Write writes a file.
func (d Dossier) Write(name, contents string) Dossier {
	d.t.Helper()
	require.NoError(d.t, os.WriteFile(filepath.Join(d.Dir, name), []byte(contents), 0o600))
	return d
}

// Remove removes a file.
func (d Dossier) Remove(name string) Dossier {
	d.t.Helper()
	require.NoError(d.t, os.Remove(filepath.Join(d.Dir, name)))
	return d
}

// Read reads a file.
func (d Dossier) Read(name string) string {
	d.t.Helper()
	contents, err := os.ReadFile(filepath.Join(d.Dir, name))
	require.NoError(d.t, err)
	return string(contents)
}

// Link replaces a file by a symbolic link.
func (d Dossier) Link(name, to string) Dossier {
	d.t.Helper()
	d.Remove(name)
	require.NoError(d.t, os.Symlink(to, filepath.Join(d.Dir, name)))
	return d
}

// Stores returns the stores at these URLs.
func Stores(t testing.TB, urls ...string) dossier.Stores {
	t.Helper()
	stores, err := dossier.NewStores(urls...)
	require.NoError(t, err)
	return stores
}

// Disk returns a store of all dossiers that New returns.
func Disk(t testing.TB) dossier.Stores {
	t.Helper()
	return Stores(t, "file://"+os.TempDir())
}

// ErrBroken is an error of a store that names the user.
var ErrBroken = errors.New("connection reset while reading asha-rao")

// Fault is a fault of a store: after Good openings the file of this name can no longer be opened, or be read to its end.
type Fault struct {
	Name       string
	Good       int32
	Open, Read error
}

// FaultyStores are stores with a fault.
type FaultyStores struct {
	Stores dossier.Stores
	Fault  Fault
}

// Open opens and checks the dossier at a URL.
func (s FaultyStores) Open(ctx context.Context, url, email string) (*dossier.Dossier, error) {
	files, err := s.Stores.Files(ctx, url)
	if err != nil {
		return nil, err
	}
	return dossier.Read(ctx, &faultyFiles{Files: files, fault: s.Fault}, email)
}

type faultyFiles struct {
	dossier.Files
	fault  Fault
	opened atomic.Int32
}

// Open implements dossier.Files.
func (f *faultyFiles) Open(ctx context.Context, name string) (*dossier.File, error) {
	file, err := f.Files.Open(ctx, name)
	if err != nil || name != f.fault.Name || f.opened.Add(1) <= f.fault.Good {
		return file, err
	}
	if f.fault.Open != nil {
		return nil, errors.Join(f.fault.Open, file.Close())
	}
	whole := file.ReadCloser
	file.ReadCloser = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(whole, file.Size/2), broken{f.fault.Read}), whole}
	return file, nil
}

// broken is a reader that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
