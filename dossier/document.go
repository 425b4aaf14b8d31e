package dossier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

const (
	// maxDocumentSize bounds each document, in bytes. The provider states no limit (provider 3.4); a phone's picture is smaller.
	maxDocumentSize = 10 << 20
	// headSize is how many bytes of a document determine its format.
	headSize = 512
	// selfie is the field whose document must be a picture.
	selfie = "selfie"
)

// Document is a file of a dossier. Its own name may identify the user, so it is sent under the name of its field.
type Document struct {
	// Name is the field's name with the extension of the document's format, such as selfie.jpg.
	Name string `redact:"show"`
	// ContentType is the media type.
	ContentType string

	properties
	open func(ctx context.Context) (io.ReadCloser, error)
}

// Open opens the document from its beginning. It fails with an InvalidError if the document has changed since it was checked.
func (d Document) Open(ctx context.Context) (io.ReadCloser, error) { return d.open(ctx) }

// properties of a document are checked before an upload and must hold until its end.
type properties struct {
	size   int64
	format format
}

func (p properties) equal(other properties) bool {
	return p.size == other.size && p.format.mediaType == other.format.mediaType
}

func newDocument(files Files, file entry, checked properties) Document {
	return Document{
		Name:        file.field + checked.format.extensions[0],
		ContentType: checked.format.mediaType,
		properties:  checked,
		open: func(ctx context.Context) (io.ReadCloser, error) {
			opened, err := open(ctx, files, file)
			if err != nil {
				return nil, err
			}
			if !opened.equal(checked) {
				_ = opened.Close()
				return nil, changed(file.field)
			}
			return opened, nil
		},
	}
}

// opened is an open document. It is streamed, never held in memory.
type opened struct {
	properties
	io.Reader
	io.Closer
}

// open opens a file of a dossier and checks it.
func open(ctx context.Context, files Files, file entry) (*opened, error) {
	contents, err := files.Open(ctx, file.name)
	if err != nil {
		return nil, storeError("the dossier has no file for "+file.field, err)
	}
	checked, err := inspect(file, contents)
	if err != nil {
		_ = contents.Close()
		return nil, err
	}
	return checked, nil
}

// inspect checks the size and the format of a file. Its contents determine the format; its name and the type that its store keeps
// must agree.
func inspect(file entry, contents *File) (*opened, error) {
	what := "the file of the dossier for " + file.field
	if contents.Size <= 0 {
		return nil, InvalidError(what + " is empty, or its store does not tell its size")
	}
	if contents.Size > maxDocumentSize {
		return nil, InvalidError(fmt.Sprintf("%s is larger than %d MiB", what, maxDocumentSize>>20))
	}
	reader := &exactReader{field: file.field, file: contents, left: contents.Size}
	head := make([]byte, min(headSize, contents.Size))
	if _, err := io.ReadFull(reader, head); err != nil {
		return nil, err
	}
	format, known := formatOf(head)
	switch {
	case file.field == selfie && (!known || format.mediaType == "application/pdf"):
		return nil, InvalidError(what + " must be a JPEG or PNG picture")
	case !known:
		return nil, InvalidError(what + " must be a JPEG or PNG picture or a PDF")
	case !format.agrees(file.name, contents.Type):
		return nil, InvalidError(fmt.Sprintf("%s is %s by its contents, and something else by its name or its store", what, format.mediaType))
	}
	return &opened{
		properties: properties{size: contents.Size, format: format},
		Reader:     io.MultiReader(bytes.NewReader(head), reader),
		Closer:     contents,
	}, nil
}

// format is a format that documents may have. The provider names none (provider 3.4): these are what phones and scanners write and
// KYC vendors read.
type format struct {
	mediaType  string
	extensions []string // the usual one first
}

func formatOf(head []byte) (format, bool) {
	switch mediaType := http.DetectContentType(head); mediaType {
	case "image/jpeg":
		return format{mediaType, []string{".jpg", ".jpeg"}}, true
	case "image/png":
		return format{mediaType, []string{".png"}}, true
	case "application/pdf":
		return format{mediaType, []string{".pdf"}}, true
	default:
		return format{}, false
	}
}

// agrees reports whether a file's name and the media type that its store keeps name this format, or none.
func (f format) agrees(name, kept string) bool {
	extension := strings.ToLower(path.Ext(name))
	if extension != "" && !slices.Contains(f.extensions, extension) {
		return false
	}
	if kept == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(kept)
	if err != nil {
		return false
	}
	return slices.Contains([]string{f.mediaType, "application/octet-stream", "binary/octet-stream"}, mediaType)
}

// exactReader reads a file of a known size and fails if the file turns out longer or shorter.
type exactReader struct {
	field string
	file  io.Reader
	left  int64
}

func (e *exactReader) Read(p []byte) (int, error) {
	n, err := e.file.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, changed(e.field)
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, storeError("the file of the dossier for "+e.field+" disappeared while it was read", err)
	case e.left > 0:
		return n, changed(e.field)
	default:
		return n, io.EOF
	}
}

func changed(field string) error {
	return InvalidError("the file of the dossier for " + field + " changed while it was uploaded")
}
