package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/activities"
	"rampart/dossier"
	"rampart/internal/redact"
	"rampart/internal/redact/redactlog"
	"rampart/onmeta"
	"rampart/onmeta/session"
	"rampart/ramp"
)

// types returns all exported structs of the packages that handle personal data.
func types() map[string][]any {
	return map[string][]any{
		"../../ramp": {
			ramp.AccountSubmission{}, ramp.AdoptedOrder{}, ramp.Amount{}, ramp.Awaiting{}, ramp.BankAccount{}, ramp.Beneficiary{}, ramp.Client{}, ramp.Concern{},
			ramp.DeepLink{}, ramp.Delivery{}, ramp.DeliveryFilter{}, ramp.Deposit{}, ramp.Error{}, ramp.Event{}, ramp.EventTarget{}, ramp.Hint{}, ramp.Fee{}, ramp.FieldError{}, ramp.Filter{}, ramp.FindRequest{}, ramp.HashSubmission{}, ramp.ID{},
			ramp.Instructions{}, ramp.KYC{}, ramp.KYCSubmission{}, ramp.NamespaceError{}, ramp.OfframpRequest{}, ramp.OnrampRequest{}, ramp.Order{}, ramp.Page{},
			ramp.PreviousOrder{}, ramp.Proof{}, ramp.Quote{}, ramp.QuoteConfirmation{}, ramp.QuoteTerms{}, ramp.ReorderRequest{},
			ramp.ReplacedProof{}, ramp.Settlement{},
			ramp.Summary{}, ramp.TimelineEntry{}, ramp.Token{}, ramp.UPIAccount{}, ramp.UPIInstructions{}, ramp.UTRSubmission{}, ramp.UserQuestion{}, ramp.Wait{},
		},
		"../../activities": {
			activities.AccountRequest{}, activities.Admission{}, activities.AdoptOrderRequest{}, activities.Calls{}, activities.Claimant{}, activities.EarlierRun{}, activities.ReadMessageRequest{},
			activities.ReadMessageResult{}, activities.AdmissionRules{}, activities.TemporalRuns{}, activities.CreateOfframpOrderRequest{},
			activities.CreateOnrampOrderRequest{}, activities.CreatedOrder{}, activities.KYCStatusRequest{}, activities.KYCStatusResult{},
			activities.KeepOrderRequest{}, activities.KeepOpenRequest{}, activities.KeepRecordRequest{}, activities.KeepRecordResult{}, activities.KeepOrderResult{}, activities.PublishEventsRequest{}, activities.PublishEventsResult{},
			activities.DeliverEventsRequest{}, activities.DeliveryProgress{}, activities.Deliveries{},
			activities.Lease{}, activities.Leases{}, activities.LinkResult{}, activities.Options{}, activities.OrderRequest{},
			activities.OrderState{}, activities.CreateOrderRequest{}, activities.QuoteBuyRequest{}, activities.QuoteResult{},
			activities.QuoteSellRequest{}, activities.Refusal{}, activities.StaleQuote{}, activities.SubmitResult{},
			activities.TakeOverResult{}, activities.SubmitTransactionHashRequest{}, activities.SubmitUTRRequest{}, activities.TemporalClaims{}, activities.Timings{},
			activities.UploadKYCRequest{}, activities.UploadKYCResult{}, activities.Wait{}, activities.WatchEnd{},
			activities.WatchHeartbeat{}, activities.WatchKYCRequest{}, activities.WatchKYCResult{}, activities.WatchLinkRequest{},
			activities.WatchLinkResult{}, activities.WatchOrderRequest{}, activities.WatchOrderResult{}, activities.Watches{},
		},
		"../../dossier":        {dossier.Document{}, dossier.Dossier{}, dossier.File{}, dossier.Person{}, dossier.Stores{}},
		"../../onmeta/session": {session.Caller{}},
		"../../onmeta": {
			onmeta.Answer{}, onmeta.BankAccount{}, onmeta.Beneficiary{}, onmeta.BuyQuote{}, onmeta.Call{}, onmeta.ChainLimit{},
			onmeta.Client{}, onmeta.Config{}, onmeta.Credentials{}, onmeta.CreateOfframpRequest{}, onmeta.CreateOnrampRequest{}, onmeta.Currency{},
			onmeta.DeepLink{}, onmeta.Error{}, onmeta.File{}, onmeta.HistoryOrder{}, onmeta.KYCStatus{}, onmeta.KYCUpload{}, onmeta.KYCWebhookEvent{},
			onmeta.Link{}, onmeta.LinkBankRequest{}, onmeta.LinkUPIRequest{}, onmeta.OfframpCreated{}, onmeta.OfframpStatus{},
			onmeta.OnrampCreated{}, onmeta.OnrampStatus{}, onmeta.PayerBank{}, onmeta.PaymentMode{}, onmeta.PayoutBank{},
			onmeta.QuoteBuyRequest{}, onmeta.QuoteSellRequest{}, onmeta.RateLimit{}, onmeta.SellQuote{}, onmeta.Session{},
			onmeta.Token{}, onmeta.Transport{}, onmeta.UPIAccount{}, onmeta.UPIID{}, onmeta.User{}, onmeta.WebhookEvent{},
		},
	}
}

func TestEveryExportedStructIsListed(t *testing.T) {
	t.Parallel()
	for directory, values := range types() {
		var listed []string
		for _, value := range values {
			listed = append(listed, reflect.TypeOf(value).Name())
		}
		require.ElementsMatch(t, exportedStructs(t, directory), listed,
			"%s: add a new type to the list, so that its printing is tested", directory)
	}
}

func exportedStructs(t *testing.T, directory string) []string {
	t.Helper()
	var names []string
	entries, err := fs.ReadDir(os.DirFS(directory), ".")
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), directory+"/"+entry.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			spec, isType := node.(*ast.TypeSpec)
			if !isType {
				return true
			}
			if _, isStruct := spec.Type.(*ast.StructType); isStruct && spec.Name.IsExported() {
				names = append(names, spec.Name.Name)
			}
			return false
		})
	}
	return names
}

// personalName matches names of personal or secret fields. It is wider than the table of package redact: a field that matches it and is
// not in the table must be tagged.
var personalName = regexp.MustCompile(`(?i)e?mail|account_?n|^pan|pan$|aadha|name$|holder|vpa|^upi|secret|passw|token$|key$|phone|dossier|birth|^utr|paymentref|payoutref|metadata`)

// walk fills the fields of a value with markers, and returns the markers that must not be shown.
func walk(v reflect.Value, name, tag string) []string {
	masked := v.Type().PkgPath() == reflect.TypeFor[redact.Secret]().PkgPath()
	switch v.Kind() {
	case reflect.String:
		marker := "Zq" + strings.NewReplacer("-", "", "0", "g", "1", "h").Replace(uuid.NewString())[:12] + name
		v.SetString(marker)
		if masked || tag != "show" && personalName.MatchString(name) {
			return []string{marker}
		}
		return nil
	case reflect.Pointer:
		if v.Type().Elem().Kind() != reflect.Struct || !v.CanSet() {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return walk(v.Elem(), name, tag)
	case reflect.Slice:
		if !v.CanSet() || v.Type().Elem().Kind() == reflect.Uint8 && !masked {
			return nil
		}
		if masked {
			marker := "Zq" + name
			v.SetBytes([]byte(`"` + marker + `"`))
			return []string{marker, fmt.Sprintf("%x", marker)}
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return walk(v.Index(0), name, tag)
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String || v.Type().Elem().Kind() != reflect.String {
			return nil
		}
		v.Set(reflect.MakeMap(v.Type()))
		element := reflect.New(v.Type().Elem()).Elem()
		markers := walk(element, name, tag)
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), element)
		return markers
	case reflect.Struct:
		var markers []string
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				markers = append(markers, walk(v.Field(i), field.Name, field.Tag.Get("redact"))...)
			}
		}
		return markers
	default:
		return nil
	}
}

func TestNoStructPrintsPersonalFields(t *testing.T) {
	t.Parallel()
	found := 0
	for _, values := range types() {
		for _, empty := range values {
			value := reflect.New(reflect.TypeOf(empty))
			markers := walk(value.Elem(), "", "")
			found += len(markers)
			for _, text := range prints(t, value.Interface(), value.Elem().Interface()) {
				for _, marker := range markers {
					require.NotContains(t, text, marker, "%T", empty)
				}
			}
		}
	}
	require.Greater(t, found, 80, "the walk finds personal fields")
}

// prints returns a pointer and a value printed in every way.
func prints(t *testing.T, pointer, value any) []string {
	t.Helper()
	var all []string
	for _, it := range []any{pointer, value, []any{value}, map[string]any{"it": value}, struct{ It any }{value}, struct{ It any }{pointer}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%g"} {
			all = append(all, fmt.Sprintf(verb, it))
		}
		all = append(all, fmt.Sprint(it), fmt.Sprintln(it), fmt.Errorf("failed: %v", it).Error())
	}
	for _, it := range []any{pointer, value} {
		if stringer, ok := it.(fmt.Stringer); ok {
			all = append(all, stringer.String())
		}
		var text, document bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("it", "it", it)
		slog.New(slog.NewJSONHandler(&document, nil)).Info("it", "it", it)
		all = append(all, text.String(), document.String())
		all = append(all, zapped(it)...)
	}
	return all
}

// zapped returns a value logged in every way: through a plain zap core with zap.Any, and through redactlog's core with zap.Reflect too.
func zapped(value any) []string {
	var bare, behind bytes.Buffer
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&bare), zap.DebugLevel))
	logger.Info("it", zap.Any("it", value))
	logger.Sugar().Infow("it", "it", value)
	logger.Sugar().Infof("%v %+v", value, value)
	ours := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&behind), zap.DebugLevel), zap.WrapCore(redactlog.Core()))
	ours.Info("it", zap.Any("it", value), zap.Reflect("it", value), zap.Reflect("list", []any{value}))
	ours.With(zap.Reflect("it", value)).Sugar().Infow("it", "it", value, "list", []any{value})
	return []string{bare.String(), behind.String()}
}

func TestPrintingShowsOtherFields(t *testing.T) {
	t.Parallel()
	request := ramp.OnrampRequest{
		Reference: "inv-42", Email: "asha@example.test", Fiat: ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111", PaymentMethod: ramp.UPI,
		UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}, KYC: &ramp.KYC{Dossier: "file:///kyc/asha"}, UTR: "412345678901",
		Metadata: map[string]string{"invoice": "for Asha"},
	}
	want := "ramp.OnrampRequest{Reference:inv-42 Email:a***@example.test Fiat:ramp.Amount{Amount:1000.00 Currency:INR} " +
		"Token:ramp.Token{Symbol:USDC Address:0x3c499c542cef5e3811e1192ce70d8cc03d5c3359 ChainID:137} " +
		"WalletAddress:0x1111111111111111111111111111111111111111 PaymentMethod:INR_UPI " +
		"UPI:ramp.UPIAccount{ID:a***@okbank Name:[redacted]} KYC:ramp.KYC{Dossier:file://[redacted]} UTR:XXXX8901 " +
		"Metadata:map[invoice:[redacted]]}"
	require.Equal(t, want, fmt.Sprint(request))
	require.Equal(t, want, fmt.Sprintf("%+v", &request))
	require.Equal(t, fmt.Sprintf("%q", want), fmt.Sprintf("%q", request))
	require.Equal(t, "ramp.BankAccount{AccountNumber:XXXX4821}", ramp.BankAccount{AccountNumber: "50100000004821"}.String())
}

func TestJSONIsUnmasked(t *testing.T) {
	t.Parallel()
	document := `{"email":"asha@example.test","upi":{"id":"asha@okbank","name":"Asha Rao"},"bank":{"accountName":"Asha Rao",` +
		`"accountNumber":"50100000004821","ifsc":"HDFC0001234","pan":"ABCPE1234F"}}`
	var request activities.AccountRequest
	require.NoError(t, json.Unmarshal([]byte(document), &request))
	encoded, err := json.Marshal(request)
	require.NoError(t, err)
	require.Equal(t, document, string(encoded))
}
