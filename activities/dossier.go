package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"go.temporal.io/sdk/temporal"
	"gocloud.dev/gcerrors"

	"rampart/onmeta"
	"rampart/ramp"
)

const (
	// dossierIndex is the file of a dossier that holds the personal data and the names of the other files.
	dossierIndex = "dossier.json"
	// dossierIndexLimit bounds it, in bytes.
	dossierIndexLimit = 64 << 10
	// dossierLimit bounds the other files together, in bytes.
	dossierLimit = 32 << 20
	// longestFileName is what file systems allow, in bytes.
	longestFileName = 255
)

// Fields of the index that name files.
const (
	selfie       = "selfie"
	aadhaarFront = "aadhaarFront"
	aadhaarBack  = "aadhaarBack"
	panFront     = "panFront"
	panBack      = "panBack"
)

// dossier is an open KYC dossier: a prefix in a blob store.
type dossier struct {
	files   DossierFiles
	index   index
	checked map[string]features // by field
}

// index is dossier.json.
type index struct {
	// Email is the user's, as the order has it: it says whose documents these are.
	Email        string `json:"email"`
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

// text is one that is sent as it is.
type text struct {
	entry
	// validate says what is wrong with the value, and does not repeat it; nil where the provider takes any.
	validate func(string) error
}

// openDossier opens a user's dossier and checks that it is theirs, complete and fit to be sent, so that nothing is sent of one that is not.
// It names all that is wrong at once, so that the user mends it at once.
func openDossier(ctx context.Context, open OpenDossiers, url, email string) (*dossier, error) {
	files, err := open(ctx, url)
	if err != nil {
		return nil, storeError("there is no dossier at this URL", err)
	}
	d := &dossier{files: files, checked: make(map[string]features)}
	if err := d.check(ctx, email); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *dossier) check(ctx context.Context, email string) error {
	if err := d.readIndex(ctx); err != nil {
		return err
	}
	if err := d.index.belongsTo(email); err != nil {
		return err
	}
	faults := d.index.faults()
	size := int64(0)
	for _, file := range d.index.files() {
		err := d.checkFile(ctx, file)
		var fault unusable
		switch {
		case errors.As(err, &fault):
			faults = append(faults, string(fault))
		case err != nil:
			return err
		}
		size += d.checked[file.field].size
	}
	if size > dossierLimit {
		faults = append(faults, fmt.Sprintf("the files of the dossier are larger than %d MiB together", dossierLimit>>20))
	}
	if len(faults) > 0 {
		return unusable(strings.Join(faults, "; "))
	}
	return nil
}

// belongsTo sees that the dossier is this user's, before anything of it is looked at: of another user's nothing is told. The provider treats
// the case of an e-mail address as significant, and so does this.
func (i index) belongsTo(email string) error {
	switch i.Email {
	case email:
		return nil
	case "":
		return unusable(dossierIndex + " holds no email: it must be the user's, as the order has it, and says whose documents these are")
	default:
		return unusable("the dossier is another user's: its email is not the order's; the case of the letters counts")
	}
}

// faults are those of the texts.
func (i index) faults() []string {
	var faults []string
	for _, text := range i.texts() {
		if strings.TrimSpace(text.value) == "" {
			faults = append(faults, dossierIndex+" holds no "+text.field)
		} else if text.validate != nil {
			if err := text.validate(text.value); err != nil {
				faults = append(faults, dossierIndex+": "+text.field+" "+err.Error())
			}
		}
	}
	return faults
}

func (d *dossier) readIndex(ctx context.Context) error {
	const missing = "the dossier has no " + dossierIndex
	file, err := d.files.Open(ctx, dossierIndex)
	if err != nil {
		return storeError(missing, err)
	}
	defer file.Close()
	contents, err := io.ReadAll(io.LimitReader(file, dossierIndexLimit+1))
	if err != nil {
		return storeError(missing, err)
	}
	if len(contents) > dossierIndexLimit || decodeIndex(contents, &d.index) != nil {
		return unusable(fmt.Sprintf(
			"%s is not JSON of the documented form: at most %d KiB, and texts alone, under the names %s",
			dossierIndex, dossierIndexLimit>>10, d.index.fields()))
	}
	return nil
}

// decodeIndex takes one object of the documented fields and nothing after it.
func decodeIndex(contents []byte, into *index) error {
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

// checkFile sees that a file is there and fit to be sent, and keeps what makes it so.
func (d *dossier) checkFile(ctx context.Context, file entry) error {
	if !isFileName(file.value) {
		return unusable(dossierIndex + " must name all five files, each in the dossier itself: see " + file.field)
	}
	document, err := d.open(ctx, file)
	if err != nil {
		return err
	}
	d.checked[file.field] = document.features
	_ = document.Close() // nothing was written
	return nil
}

// isFileName reports whether a name is that of a file and no path, to us and to every store.
func isFileName(name string) bool {
	return strings.Trim(name, ".") != "" && len(name) <= longestFileName && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) })
}

// open opens a file of the dossier and looks at its beginning.
func (d *dossier) open(ctx context.Context, file entry) (*document, error) {
	opened, err := d.files.Open(ctx, file.value)
	if err != nil {
		return nil, storeError("the dossier has no file for "+file.field, err)
	}
	document, err := inspect(file, opened)
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	return document, nil
}

func (i index) texts() []text {
	return []text{
		{entry{"firstName", i.FirstName}, nil}, {entry{"lastName", i.LastName}, nil},
		{entry{"pan", i.PAN}, ramp.ValidatePAN}, {entry{"aadhaar", i.Aadhaar}, ramp.ValidateAadhaar},
		{entry{"incomeRange", i.IncomeRange}, nil}, {entry{"profession", i.Profession}, nil},
	}
}

func (i index) files() []entry {
	return []entry{
		{selfie, i.Selfie}, {aadhaarFront, i.AadhaarFront}, {aadhaarBack, i.AadhaarBack},
		{panFront, i.PANFront}, {panBack, i.PANBack},
	}
}

// fields names them all, for a person.
func (i index) fields() string {
	names := []string{"email"}
	for _, text := range i.texts() {
		names = append(names, text.field)
	}
	for _, file := range i.files() {
		names = append(names, file.field)
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
		Selfie:       d.file(entry{selfie, d.index.Selfie}),
		AadhaarFront: d.file(entry{aadhaarFront, d.index.AadhaarFront}),
		AadhaarBack:  d.file(entry{aadhaarBack, d.index.AadhaarBack}),
		PANFront:     d.file(entry{panFront, d.index.PANFront}),
		PANBack:      d.file(entry{panBack, d.index.PANBack}),
	}
}

// file is sent under its field's name: its own may name the user. When it is opened it must still be what was checked.
func (d *dossier) file(file entry) onmeta.File {
	checked := d.checked[file.field]
	return onmeta.File{
		Name:        file.field + checked.format.extensions[0],
		ContentType: checked.format.mediaType,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			document, err := d.open(ctx, file)
			if err != nil {
				return nil, err
			}
			if !document.sameAs(checked) {
				_ = document.Close()
				return nil, changed(file.field)
			}
			return document, nil
		},
	}
}

func (d *dossier) close() { _ = d.files.Close() } // nothing was written

// unusable is what the user must mend in a dossier. It names fields of the index, never a file, a value or a place.
type unusable string

func (u unusable) Error() string { return string(u) }

// storeFault is what ails the store of the dossiers, which is not the user's to mend.
type storeFault string

func (f storeFault) Error() string { return "the dossier's store " + string(f) }

// storeError keeps what a store says, and the names of files, out of the error: they may name the user. A file that is
// not there is what missing says, and the user's to mend; anything else is the store's.
func storeError(missing string, err error) error {
	var known unusable
	var fault storeFault
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &fault):
		return fault
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENAMETOOLONG), gcerrors.Code(err) == gcerrors.NotFound:
		return unusable(missing)
	case errors.Is(err, fs.ErrPermission), gcerrors.Code(err) == gcerrors.PermissionDenied:
		return storeFault("does not let this worker read the dossier")
	default:
		return storeFault(fmt.Sprintf("does not answer (%s)", gcerrors.Code(err)))
	}
}

// dossierError is classify for a call that sends a dossier.
func dossierError(ctx context.Context, err error) error {
	var known unusable
	var fault storeFault
	switch {
	case ctx.Err() != nil:
		return classify(ctx, err)
	case errors.As(err, &known):
		return temporal.NewNonRetryableApplicationError(known.Error(), ErrDossier, nil)
	case errors.As(err, &fault):
		return retryable(ctx, ErrStore, fault, 0)
	default:
		return classify(ctx, err)
	}
}
