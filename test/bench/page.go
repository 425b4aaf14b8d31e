package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Writer writes what it found for people, in Markdown.
type Writer interface {
	WriteText(to io.Writer) error
}

// WriteInto puts what was found into a page in Markdown, between the comments <!-- name --> and <!-- /name -->.
func WriteInto(path, name string, found Writer) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(page), "<!-- "+name+" -->")
	_, after, ends := strings.Cut(rest, "<!-- /"+name+" -->")
	if !begins || !ends {
		return fmt.Errorf("%s has no place for %s", path, name)
	}
	var text bytes.Buffer
	if err := found.WriteText(&text); err != nil {
		return err
	}
	written := fmt.Sprintf("%s<!-- %s -->\n\n%s\n\n<!-- /%s -->%s", before, name, strings.TrimSpace(text.String()), name, after)
	// #nosec G703 -- the page is the one that whoever measures names. It keeps the mode it has.
	return os.WriteFile(path, []byte(written), 0o600)
}
