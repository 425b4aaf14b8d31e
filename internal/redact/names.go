package redact

import (
	"net/url"
	"strings"
)

// kind determines how a value is shown.
type kind int

const (
	// freeText may contain anything; Text shows it.
	freeText kind = iota
	shown
	hidden
	account
	email
	vpa
	utr
	hash
	location
)

// Field shows a value according to its name, such as that of a struct field or a log key. A value with an unknown name is shown as free
// text. Names are compared ignoring case, spaces, dots, hyphens and underscores.
func Field(name, value string) string {
	return show(kindOf(name), value)
}

func show(k kind, value string) string {
	if value == "" {
		return ""
	}
	switch k {
	case shown:
		return value
	case hidden:
		return Hidden
	case account:
		return Account(value).String()
	case email:
		return Email(value).String()
	case vpa:
		return VPA(value).String()
	case utr:
		return UTR(value).String()
	case hash:
		return shortHash(value)
	case location:
		return place(value)
	default:
		return Text(value)
	}
}

// place shows the scheme of a URL only, because its path may name a person.
func place(value string) string {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme == "" {
		return Hidden
	}
	return parsed.Scheme + "://" + Hidden
}

// kindOf returns the kind of a value by its name. In doubt it hides; the tag redact:"show" overrides it for a struct field.
func kindOf(name string) kind {
	name = strings.ToLower(separators.Replace(name))
	for _, part := range hiddenParts {
		if strings.Contains(name, part) {
			return hidden
		}
	}
	switch name {
	case "reference", "orderid", "workflowid", "runid", "activityid", "requestid", "quoteid", "estimateid", "linkreference",
		"workerid", "identity", "primary", "keyid", "taskqueue", "namespace", "walletaddress", "senderwallet", "refundwallet", "receiverwallet",
		"receiveraddress", "senderaddress", "tokenaddress", "address", "fingerprint":
		return shown
	case "name", "accountname", "firstname", "lastname", "fullname", "username", "customername", "verificationname", "holder",
		"holdername", "accountholder", "pan", "pannumber", "ifsc", "token", "metadata", "dob", "dateofbirth", "otp",
		"selfie", "aadhaarfront", "aadhaarback", "panfront", "panback", "profession", "incomerange", "cookie":
		return hidden
	case "accountnumber", "accountno", "account", "phone", "phonenumber", "mobile", "mobilenumber":
		return account
	case "vpa", "upi", "upiid", "upicode":
		return vpa
	case "utr", "paymentreference", "payoutreference":
		return utr
	case "transactionhash", "txnhash", "hash":
		return hash
	case "dossier":
		return location
	}
	if strings.HasSuffix(name, "email") || strings.HasSuffix(name, "mail") {
		return email
	}
	return freeText
}

// hiddenParts are parts of names whose values are hidden.
var hiddenParts = []string{
	"aadhaar", "aadhar", "password", "passwd", "passphrase", "secret", "apikey", "privatekey", "authorization", "credential",
	"bearer", "accesstoken", "refreshtoken", "idtoken", "tasktoken", "jwt",
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")
