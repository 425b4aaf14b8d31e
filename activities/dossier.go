package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/url"
	"path"
	"strings"

	"go.temporal.io/sdk/temporal"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"rampart/onmeta"
)

const (
	// dossierIndex is the file of a dossier that holds the personal data and the names of the other files.
	dossierIndex = "dossier.json"
	// dossierIndexLimit bounds it, in bytes.
	dossierIndexLimit = 64 << 10
	// unknownType is the type of a file whose store keeps none.
	unknownType = "application/octet-stream"
)

// dossier is an open KYC dossier: a prefix in a blob store.
type dossier struct {
	bucket *blob.Bucket
	index  index
	types  map[string]string
}

// index is dossier.json.
type index struct {
	FirstName    string `json:"firstName"`
	LastName     string `json:"lastName"`
	PAN          string `json:"pan"`
	Aadhaar      string `json:"aadhaar"`
	IncomeRange  string `json:"incomeRange"`
	Profession   string `json:"profession"`
	Selfie       string `json:"selfie"`
	AadhaarFront string `json:"aadhaarFront"`
	AadhaarBack  string `json:"aadhaarBack"`
	PANFront     string `json:"panFront"`
	PANBack      string `json:"panBack"`
}

// entry is a field of the index.
type entry struct{ field, value string }

// openPrefix opens the prefix that a URL such as s3://bucket/prefix names, in every blob store whose driver is linked
// in. Drivers of buckets ignore a URL's path.
func openPrefix(ctx context.Context, dossier string) (*blob.Bucket, error) {
	location, err := url.Parse(dossier)
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(location.Path, "/")
	if location.Scheme == "file" || prefix == "" {
		return blob.DefaultURLMux().OpenBucketURL(ctx, location)
	}
	location.Path = ""
	bucket, err := blob.DefaultURLMux().OpenBucketURL(ctx, location)
	if err != nil {
		return nil, err
	}
	return blob.PrefixedBucket(bucket, prefix+"/"), nil
}

// openDossier opens a dossier and checks that it is complete, so that nothing is sent of one that is not. What the
// user must mend is an ErrDossier; a store that does not answer is retried.
func openDossier(ctx context.Context, open OpenDossiers, url string) (*dossier, error) {
	bucket, err := open(ctx, url)
	if err != nil {
		return nil, incomplete("the dossier's URL cannot be opened")
	}
	d := &dossier{bucket: bucket, types: make(map[string]string)}
	if err := d.read(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *dossier) read(ctx context.Context) error {
	if err := d.readIndex(ctx); err != nil {
		return err
	}
	for _, text := range d.index.texts() {
		if text.value == "" {
			return incomplete(dossierIndex + " holds no " + text.field)
		}
	}
	for _, file := range d.index.files() {
		if err := d.check(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

func (d *dossier) readIndex(ctx context.Context) error {
	reader, err := d.bucket.NewReader(ctx, dossierIndex, nil)
	if err != nil {
		return storeError(ctx, "the dossier has no "+dossierIndex, err)
	}
	defer reader.Close()
	contents, err := io.ReadAll(io.LimitReader(reader, dossierIndexLimit))
	if err != nil {
		return storeError(ctx, "the dossier has no "+dossierIndex, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(contents))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d.index); err != nil {
		return incomplete(fmt.Sprintf(
			"%s is not JSON of the documented form: at most %d KiB, and texts alone, under the names %s",
			dossierIndex, dossierIndexLimit>>10, d.index.fields()))
	}
	return nil
}

// check sees that a file exists, and keeps its type.
func (d *dossier) check(ctx context.Context, file entry) error {
	name := file.value
	if strings.Trim(name, ".") == "" || path.Base(name) != name {
		return incomplete(dossierIndex + " must name all five files, each in the dossier itself: see " + file.field)
	}
	attributes, err := d.bucket.Attributes(ctx, name)
	if err != nil {
		return storeError(ctx, "the dossier has no file for "+file.field, err)
	}
	if attributes.Size == 0 {
		return incomplete("the file of the dossier for " + file.field + " is empty")
	}
	d.types[name] = contentType(name, attributes.ContentType)
	return nil
}

// contentType is the one that the store keeps, or else what the name says.
func contentType(name, kept string) string {
	if kept != "" && kept != unknownType {
		return kept
	}
	if told := mime.TypeByExtension(path.Ext(name)); told != "" {
		return told
	}
	return unknownType
}

func (i index) texts() []entry {
	return []entry{
		{"firstName", i.FirstName}, {"lastName", i.LastName}, {"pan", i.PAN}, {"aadhaar", i.Aadhaar},
		{"incomeRange", i.IncomeRange}, {"profession", i.Profession},
	}
}

func (i index) files() []entry {
	return []entry{
		{"selfie", i.Selfie}, {"aadhaarFront", i.AadhaarFront}, {"aadhaarBack", i.AadhaarBack},
		{"panFront", i.PANFront}, {"panBack", i.PANBack},
	}
}

// fields names them all, for a person.
func (i index) fields() string {
	var names []string
	for _, e := range append(i.texts(), i.files()...) {
		names = append(names, e.field)
	}
	return strings.Join(names, ", ")
}

func (d *dossier) upload() onmeta.KYCUpload {
	return onmeta.KYCUpload{
		FirstName:    d.index.FirstName,
		LastName:     d.index.LastName,
		PAN:          d.index.PAN,
		Aadhaar:      d.index.Aadhaar,
		IncomeRange:  d.index.IncomeRange,
		Profession:   d.index.Profession,
		Selfie:       d.file(d.index.Selfie),
		AadhaarFront: d.file(d.index.AadhaarFront),
		AadhaarBack:  d.file(d.index.AadhaarBack),
		PANFront:     d.file(d.index.PANFront),
		PANBack:      d.file(d.index.PANBack),
	}
}

func (d *dossier) file(name string) onmeta.File {
	return onmeta.File{
		Name:        name,
		ContentType: d.types[name],
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			return d.bucket.NewReader(ctx, name, nil)
		},
	}
}

func (d *dossier) close() { _ = d.bucket.Close() } // nothing was written

// storeError keeps what a store says, and the names of files, out of the error: they may name the user. A file that is
// not there is what missing says, and the user's to mend; anything else is the store's.
func storeError(ctx context.Context, missing string, err error) error {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	if gcerrors.Code(err) == gcerrors.NotFound {
		return incomplete(missing)
	}
	return retryable(ctx, ErrStore, fmt.Errorf("the dossier's store does not answer (%s)", gcerrors.Code(err)), 0)
}

func incomplete(problem string) error {
	return temporal.NewNonRetryableApplicationError(problem, ErrDossier, nil)
}
