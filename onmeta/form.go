package onmeta

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"rampart/internal/redact"
)

// File is a document of a form, opened when the form is sent and closed afterwards.
type File struct {
	// Name is the file name that the provider sees.
	Name redact.Personal
	// ContentType defaults to application/octet-stream.
	ContentType string
	// Open returns a new reader of the whole contents.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// form is a multipart/form-data body. Its files are streamed: at most one is open at a time, and none is held in memory.
type form struct {
	boundary string
	parts    []part
	personal []string
}

var _ Body = (*form)(nil)

type part struct {
	name  string
	value string
	file  *File
}

// newForm returns an empty form. personal lists the values that must never appear in an error.
func newForm(personal ...string) *form {
	return &form{boundary: multipart.NewWriter(io.Discard).Boundary(), personal: slices.Clone(personal)}
}

// addField appends a text field.
func (f *form) addField(name, value string) {
	f.parts = append(f.parts, part{name: name, value: value})
}

// addFile appends a file field.
func (f *form) addFile(name string, file File) {
	f.parts = append(f.parts, part{name: name, file: &file})
}

// Format hides the contents from logs.
func (f *form) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// ContentType implements Body.
func (f *form) ContentType() string { return "multipart/form-data; boundary=" + f.boundary }

// Size implements Body; the length of a streamed form is not known in advance.
func (f *form) Size() int64 { return -1 }

// Personal implements Body.
func (f *form) Personal() []string { return f.personal }

// Open implements Body. A file that cannot be opened or read fails the reader, with the file's own error.
// Closing the reader early closes all files.
func (f *form) Open(ctx context.Context) (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(f.write(ctx, writer)) }()
	return reader, nil
}

func (f *form) write(ctx context.Context, to io.Writer) error {
	multi := multipart.NewWriter(to)
	if err := multi.SetBoundary(f.boundary); err != nil {
		return err
	}
	for _, p := range f.parts {
		if err := p.write(ctx, multi); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return multi.Close()
}

func (p part) write(ctx context.Context, to *multipart.Writer) error {
	if p.file == nil {
		return to.WriteField(p.name, p.value)
	}
	contents, err := p.file.Open(ctx)
	if err != nil {
		return err
	}
	defer contents.Close()
	field, err := to.CreatePart(p.file.header(p.name))
	if err != nil {
		return err
	}
	_, err = io.Copy(field, contents)
	return err
}

func (f File) header(field string) textproto.MIMEHeader {
	contentType := cmp.Or(f.ContentType, "application/octet-stream")
	return textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(field, string(f.Name))},
		"Content-Type":        {strings.NewReplacer("\r", "", "\n", "").Replace(contentType)},
	}
}
