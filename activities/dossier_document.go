package activities

import (
	"bytes"
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
	// documentLimit bounds each document, in bytes. The provider states no limit (provider 3.4); a phone's picture is smaller.
	documentLimit = 10 << 20
	// headSize is how much of a document tells its format, in bytes.
	headSize = 512
)

// format is one of those that documents may have. The provider names none (provider 3.4): these are what phones and
// scanners make and KYC vendors read.
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

// features of a document are checked before an upload and hold until its end.
type features struct {
	size   int64
	format format
}

func (f features) sameAs(other features) bool {
	return f.size == other.size && f.format.mediaType == other.format.mediaType
}

// document is an open file of a dossier that is fit to be sent. It is read as it is sent, never held.
type document struct {
	features
	io.Reader
	io.Closer
}

// inspect sees that a file is of an allowed size and format, by its contents: what its name and its store say must
// agree with them.
func inspect(file entry, opened *DossierFile) (*document, error) {
	what := "the file of the dossier for " + file.field
	if opened.Size <= 0 {
		return nil, unusable(what + " is empty, or its store does not tell its size")
	}
	if opened.Size > documentLimit {
		return nil, unusable(fmt.Sprintf("%s is larger than %d MiB", what, documentLimit>>20))
	}
	contents := &exactly{field: file.field, file: opened, left: opened.Size}
	head := make([]byte, min(headSize, opened.Size))
	if _, err := io.ReadFull(contents, head); err != nil {
		return nil, err
	}
	format, known := formatOf(head)
	switch {
	case file.field == selfie && (!known || format.mediaType == "application/pdf"):
		return nil, unusable(what + " must be a JPEG or PNG picture")
	case !known:
		return nil, unusable(what + " must be a JPEG or PNG picture or a PDF")
	case !format.agrees(file.value, opened.Type):
		return nil, unusable(fmt.Sprintf("%s is %s by its contents, and something else by its name or its store", what, format.mediaType))
	}
	return &document{
		features: features{size: opened.Size, format: format},
		Reader:   io.MultiReader(bytes.NewReader(head), contents),
		Closer:   opened,
	}, nil
}

// agrees reports whether a file's name and the type that its store keeps say this format, or say nothing.
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

// exactly reads a file of a known size, which must not change while it is read.
type exactly struct {
	field string
	file  io.Reader
	left  int64
}

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.file.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, changed(e.field)
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, storeError("the file of the dossier for "+e.field+" went away while it was read", err)
	case e.left > 0:
		return n, changed(e.field)
	default:
		return n, io.EOF
	}
}

func changed(field string) error {
	return unusable("the file of the dossier for " + field + " changed while it was uploaded")
}
