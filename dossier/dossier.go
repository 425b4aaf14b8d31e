// Package dossier opens users' KYC dossiers and checks that they are complete and fit to be sent to the provider.
//
// A dossier is a prefix in a blob store: dossier.json, which holds the user's personal data and names the other files, and five
// documents beside it. Stores says which stores dossiers are taken from. No error of this package names a file, a value or a
// place of a dossier, since each may identify the user.
package dossier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"rampart/internal/redact"
	"rampart/ramp"
)

const (
	// indexFile holds the personal data and the names of the other files.
	indexFile = "dossier.json"
	// maxIndexSize bounds indexFile, in bytes.
	maxIndexSize = 64 << 10
	// maxTotalSize bounds the documents together, in bytes.
	maxTotalSize = 32 << 20
	// maxNameLength is what file systems allow, in bytes.
	maxNameLength = 255
)

// Dossier is an open dossier that passed all checks.
type Dossier struct {
	Person       Person
	Selfie       Document
	AadhaarFront Document
	AadhaarBack  Document
	PANFront     Document
	PANBack      Document

	files Files
}

// Person is what dossier.json says about the user.
type Person struct {
	FirstName   redact.Secret `json:"firstName"`
	LastName    redact.Secret `json:"lastName"`
	PAN         redact.Secret `json:"pan"`
	Aadhaar     redact.Secret `json:"aadhaar"`
	IncomeRange redact.Secret `json:"incomeRange"`
	Profession  redact.Secret `json:"profession"`
}

// String shows no personal data.
func (p Person) String() string { return redact.String(p) }

// Format writes String, for every verb.
func (p Person) Format(s fmt.State, verb rune) { redact.Format(s, verb, p) }

// LogValue is String for slog.
func (p Person) LogValue() slog.Value { return redact.LogValue(p) }

// String shows no personal data.
func (d Dossier) String() string { return redact.String(d) }

// Format writes String, for every verb.
func (d Dossier) Format(s fmt.State, verb rune) { redact.Format(s, verb, d) }

// LogValue is String for slog.
func (d Dossier) LogValue() slog.Value { return redact.LogValue(d) }

// index is dossier.json.
type index struct {
	// Email is the user's e-mail as the order has it: it says whose documents these are.
	Email string `json:"email"`
	Person
	Selfie       string `json:"selfie"`
	AadhaarFront string `json:"aadhaarFront"`
	AadhaarBack  string `json:"aadhaarBack"`
	PANFront     string `json:"panFront"`
	PANBack      string `json:"panBack"`
}

// text is a field of the index that holds personal data.
type text struct {
	field string
	value redact.Secret
	// validate says what is wrong with the value, without repeating it; nil if the provider takes any.
	validate func(string) error
}

// entry is a field of the index that names a file.
type entry struct {
	field, name string
	document    *Document
}

// Read reads the dossier in files and checks that it belongs to the user with this e-mail and is complete and fit to be sent. The
// Dossier owns files afterwards; on an error Read closes them. An InvalidError lists everything that is wrong, so that the user can
// correct it at once; a StoreError says that the store failed.
func Read(ctx context.Context, files Files, email string) (*Dossier, error) {
	d := &Dossier{files: files}
	if err := d.read(ctx, email); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close releases the dossier's store. Its documents cannot be opened afterwards.
func (d *Dossier) Close() { _ = d.files.Close() } // nothing was written

func (d *Dossier) read(ctx context.Context, email string) error {
	index, err := d.readIndex(ctx, decode)
	if err != nil {
		return err
	}
	if err := index.belongsTo(email); err != nil {
		return err
	}
	d.Person = index.Person
	problems := index.problems()
	size := int64(0)
	for _, file := range d.entries(index) {
		err := d.check(ctx, file)
		var invalid InvalidError
		switch {
		case errors.As(err, &invalid):
			problems = append(problems, string(invalid))
		case err != nil:
			return err
		}
		size += file.document.size
	}
	if size > maxTotalSize {
		problems = append(problems, fmt.Sprintf("the files of the dossier are larger than %d MiB together", maxTotalSize>>20))
	}
	if len(problems) > 0 {
		return InvalidError(strings.Join(problems, "; "))
	}
	return nil
}

func (d *Dossier) readIndex(ctx context.Context, decode func(contents []byte, into *index) error) (index, error) {
	const missing = "the dossier has no " + indexFile
	var read index
	file, err := d.files.Open(ctx, indexFile)
	if err != nil {
		return read, storeError(missing, err)
	}
	defer file.Close()
	contents, err := io.ReadAll(io.LimitReader(file, maxIndexSize+1))
	if err != nil {
		return read, storeError(missing, err)
	}
	if len(contents) > maxIndexSize || decode(contents, &read) != nil {
		return read, InvalidError(fmt.Sprintf(
			"%s is not JSON of the documented form: at most %d KiB, strings only, with the fields %s",
			indexFile, maxIndexSize>>10, d.fields()))
	}
	return read, nil
}

// decode takes one object with the documented fields and nothing after it.
func decode(contents []byte, into *index) error {
	decoder := json.NewDecoder(bytes.NewReader(contents))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}

// belongsTo checks that the dossier is this user's. It comes first, because nothing may be told about another user's dossier. The
// provider treats the case of an e-mail address as significant (provider 3.1), and so does this check.
func (i index) belongsTo(email string) error {
	switch i.Email {
	case email:
		return nil
	case "":
		return InvalidError(indexFile + " has no email: it must be the user's, as the order has it, to say whose documents these are")
	default:
		return InvalidError("the dossier belongs to another user: its email differs from the order's (case matters)")
	}
}

// problems lists what is wrong with the personal data.
func (i index) problems() []string {
	var problems []string
	for _, text := range i.texts() {
		if strings.TrimSpace(text.value.Reveal()) == "" {
			problems = append(problems, indexFile+" has no "+text.field)
		} else if text.validate != nil {
			if err := text.validate(text.value.Reveal()); err != nil {
				problems = append(problems, indexFile+": "+text.field+" "+err.Error())
			}
		}
	}
	return problems
}

func (i index) texts() []text {
	return []text{
		{"firstName", i.FirstName, nil}, {"lastName", i.LastName, nil},
		{"pan", i.PAN, ramp.ValidatePAN}, {"aadhaar", i.Aadhaar, ramp.ValidateAadhaar},
		{"incomeRange", i.IncomeRange, nil}, {"profession", i.Profession, nil},
	}
}

func (d *Dossier) entries(i index) []entry {
	return []entry{
		{selfie, i.Selfie, &d.Selfie},
		{"aadhaarFront", i.AadhaarFront, &d.AadhaarFront}, {"aadhaarBack", i.AadhaarBack, &d.AadhaarBack},
		{"panFront", i.PANFront, &d.PANFront}, {"panBack", i.PANBack, &d.PANBack},
	}
}

// fields lists the fields of the index, for an error message.
func (d *Dossier) fields() string {
	names := []string{"email"}
	for _, text := range (index{}).texts() {
		names = append(names, text.field)
	}
	for _, file := range d.entries(index{}) {
		names = append(names, file.field)
	}
	return strings.Join(names, ", ")
}

// check checks a document and fills in the Dossier's field for it.
func (d *Dossier) check(ctx context.Context, file entry) error {
	if !isFileName(file.name) {
		return InvalidError(indexFile + " must name all five files, each in the dossier itself: see " + file.field)
	}
	opened, err := open(ctx, d.files, file)
	if err != nil {
		return err
	}
	_ = opened.Close() // nothing was written
	*file.document = newDocument(d.files, file, opened.properties)
	return nil
}

// isFileName reports whether a name is a plain file name, and no path, to this program and to every store.
func isFileName(name string) bool {
	return strings.Trim(name, ".") != "" && len(name) <= maxNameLength && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) })
}
