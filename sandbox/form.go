package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
)

// form is a multipart form: the value of each text field and the size of each file.
type form struct {
	values map[string]string
	files  map[string]int64
}

// readForm reads a multipart body. A field that comes twice is an error.
func (c *call) readForm() (form, error) {
	if !c.hasMediaType("multipart/form-data") {
		return form{}, errors.New("Content-Type must be multipart/form-data")
	}
	c.request.Body = io.NopCloser(bytes.NewReader(c.body))
	if err := c.request.ParseMultipartForm(maxBody); err != nil {
		return form{}, errors.New("the body must be a multipart form")
	}
	return flatten(c.request.MultipartForm)
}

func flatten(parts *multipart.Form) (form, error) {
	flat := form{values: map[string]string{}, files: map[string]int64{}}
	for name, values := range parts.Value {
		if len(values) != 1 {
			return form{}, fmt.Errorf("%s must come once", name)
		}
		flat.values[name] = values[0]
	}
	for name, files := range parts.File {
		if len(files) != 1 {
			return form{}, fmt.Errorf("%s must come once", name)
		}
		flat.files[name] = files[0].Size
	}
	return flat, nil
}
