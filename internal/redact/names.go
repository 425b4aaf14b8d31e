package redact

import (
	"net/url"
	"strings"
)

// kind is what a value is, as far as showing it goes.
type kind int

const (
	// freeText may hold anything.
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

// Field shows a value by what its name says it is: a field of a type, a key of a log line. A value whose name says
// nothing is free text. Names are compared without regard to case, spaces, dots, hyphens and underscores.
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
		return Hash(value)
	case location:
		return place(value)
	default:
		return Text(value)
	}
}

// place shows in which kind of store something is, and not where: paths may name a person.
func place(value string) string {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme == "" {
		return Hidden
	}
	return parsed.Scheme + "://" + Hidden
}

// kindOf is the table of names. It errs on the side of hiding: a type shows a field against it by a tag, redact:"show".
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

// hiddenParts are what a name that has them anywhere says of its value.
var hiddenParts = []string{
	"aadhaar", "aadhar", "password", "passwd", "passphrase", "secret", "apikey", "privatekey", "authorization", "credential",
	"bearer", "accesstoken", "refreshtoken", "idtoken", "tasktoken", "jwt",
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// kindOfTag is what a struct's tag says of its field, against the field's name.
func kindOfTag(tag string) (kind, bool) {
	switch tag {
	case "show":
		return shown, true
	case "hide":
		return hidden, true
	case "email":
		return email, true
	case "vpa":
		return vpa, true
	case "account":
		return account, true
	case "utr":
		return utr, true
	default:
		return freeText, false
	}
}
