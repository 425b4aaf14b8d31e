package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Result is a result that is written as Markdown.
type Result interface {
	WriteText(to io.Writer) error
}

// WriteInto replaces the text of a page between the comments <!-- name --> and <!-- /name --> by a result.
func WriteInto(path, name string, result Result) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(page), "<!-- "+name+" -->")
	_, after, ends := strings.Cut(rest, "<!-- /"+name+" -->")
	if !begins || !ends {
		return fmt.Errorf("%s has no comments <!-- %s --> and <!-- /%s -->", path, name, name)
	}
	var text bytes.Buffer
	if err := result.WriteText(&text); err != nil {
		return err
	}
	written := fmt.Sprintf("%s<!-- %s -->\n\n%s\n\n<!-- /%s -->%s", before, name, strings.TrimSpace(text.String()), name, after)
	// #nosec G703 -- the page is named by the user of the command. It keeps its mode.
	return os.WriteFile(path, []byte(written), 0o600)
}
