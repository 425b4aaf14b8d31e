package dispatch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"gocloud.dev/pubsub"
	_ "gocloud.dev/pubsub/mempubsub" // queues of these tests

	"rampart/events/dispatch"
)

func TestFileNamesEndpointsOfEveryOrderAndOfSome(t *testing.T) {
	t.Parallel()
	f := newFile(t, `
endpoints:
  - {name: shop, url: "https://shop.example.com/hooks", secretFiles: [shop.secret]}
  - {name: lake, url: "mem://lake-of-names"}
  - {name: all-tenants, url: "https://hooks.example.com/", perOrder: true, secrets: [`+oldSecret+`]}
  - {name: tenants, url: "https://hooks.example.com/tenants", perOrder: true, secrets: [`+oldSecret+`, `+newSecret+`]}
`)
	_, err := dispatch.Open(f.path, "orders", zap.NewNop())
	require.ErrorContains(t, err, "line 3: endpoint shop: secretFiles: open")
	f.writeBeside("shop.secret", newSecret+"\n")
	d, _ := f.open()
	require.Equal(t, []string{"lake", "shop"}, d.Names())

	name, found := d.ForOrder("https://hooks.example.com/tenants/7")
	require.True(t, found)
	require.Equal(t, "tenants", name, "the longest path")
	name, found = d.ForOrder("https://hooks.example.com/7")
	require.True(t, found)
	require.Equal(t, "all-tenants", name)
	_, found = d.ForOrder("https://shop.example.com/hooks")
	require.False(t, found, "an endpoint of every order is no place for an order's own URL")
	_, found = d.ForOrder("no URL")
	require.False(t, found)
}

func TestProblemsOfAFileAreNamedAndSecretsAreNot(t *testing.T) {
	t.Parallel()
	require.True(t, pubsub.DefaultURLMux().ValidTopicScheme("mem"))
	one := func(fields string) string { return "endpoints:\n  - {name: shop, " + fields + "}\n" }
	const https, secrets = `url: "https://shop.example.com/?token=hunter2", `, `secrets: [` + oldSecret + `]`
	for text, problem := range map[string]string{
		"":                                       `it must have a list "endpoints"`,
		"endpoint: []":                           `line 1: there is no field "endpoint"`,
		"endpoints: " + oldSecret:                "line 1: the value is of the wrong kind",
		"endpoints:\n  - " + oldSecret:           "line 2: the value is of the wrong kind",
		"endpoints:\n\t- a":                      "it is not valid YAML",
		"endpoints: []\n---\nendpoints: []":      "it must be one YAML document",
		"endpoints:\n - {a: *" + oldSecret + "}": "it is not valid YAML",
		one(https + secrets + ", " + oldSecret + ": 1"):                                "line 2: there is no such field",
		one(https + secrets + ", perOrder: " + oldSecret):                              "line 2: the value is of the wrong kind",
		one(https + secrets + ", name: shop"):                                          "line 2: the field is there twice",
		one(https + secrets + ", perOrder: true"):                                      "line 2: endpoint shop: url: with perOrder, it must not have a query",
		one(https + `secrets: ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]`):                   "secret 1: a secret must be whsec_",
		one(https + `secrets: []`):                                                     "it needs a secret",
		one(`url: "http://shop.example.com/", ` + secrets):                             "url: it must be https",
		one(`url: "ftp://shop.example.com/", ` + secrets):                              "url: it must be https, http to this machine, or a queue's URL",
		one(`url: "https://hunter2@shop.example.com/", ` + secrets):                    "url: it must be like https://",
		one(`url: "http://127.0.0.1:8080/", ` + secrets):                               "needs allowPrivate: true",
		one(`url: "https://localhost/", ` + secrets):                                   "needs allowPrivate: true",
		one(`url: "https://10.0.0.1/", ` + secrets):                                    "needs allowPrivate: true",
		one(`url: "https://[fd00::1]/", ` + secrets):                                   "needs allowPrivate: true",
		one(`url: "https://169.254.169.254/", ` + secrets):                             "needs allowPrivate: true",
		one(`url: "https://2130706433/", ` + secrets):                                  "its host must be a name",
		one(`url: "https://0x7f000001/", ` + secrets):                                  "its host must be a name",
		one(`url: "https://127.1/", ` + secrets):                                       "its host must be a name",
		one(`url: "https://0177.0.0.1/", ` + secrets):                                  "its host must be a name",
		one(`url: "https://[::ffff:10.0.0.1]/", ` + secrets):                           "its host must be a name",
		one(`url: "https://[fe80::1%25eth0]/", ` + secrets):                            "its host must be a name",
		one(`url: "https://shop.example.com:0/", ` + secrets):                          "its host must be a name",
		one(`url: "mem://lake", ` + secrets):                                           "a queue has neither secrets",
		"endpoints:\n  - {name: " + oldSecret + ", url: \"mem://a\"}":                  "line 2: endpoint number 1: name must have",
		"endpoints:\n  - {name: a, url: \"mem://a\"}\n  - {name: a, url: \"mem://b\"}": "line 3: endpoint a: another endpoint has the same name",
	} {
		_, err := dispatch.Open(newFile(t, text).path, "orders", zap.NewNop())
		require.ErrorContains(t, err, problem, text)
		require.NotContains(t, err.Error(), "hunter2", text)
		require.NotContains(t, err.Error(), "MfKQ9r8G", text)
	}
}

func TestChangedFileTakesEffectAndAnInvalidOneDoesNot(t *testing.T) {
	t.Parallel()
	f := newFile(t, "endpoints:\n  - {name: shop, url: \"https://shop.example.com/\", secretFiles: [s]}\n")
	f.writeBeside("s", oldSecret)
	d, logs := f.open()

	f.write("endpoints:\n  - {name: store, url: \"https://shop.example.com/\", secretFiles: [s]}\n")
	require.Equal(t, []string{"store"}, d.Names())
	require.NoError(t, d.Problem())

	f.write("endpoints: " + oldSecret)
	require.Equal(t, []string{"store"}, d.Names(), "the endpoints before stay")
	require.Error(t, d.Problem())
	require.Equal(t, []string{"store"}, d.Names())
	require.Equal(t, 1, logs.FilterMessageSnippet("is invalid").Len(), "it is logged once")

	f.write("endpoints: []")
	require.Empty(t, d.Names())
	require.NoError(t, d.Problem())

	f.write("endpoints:\n  - {name: shop, url: \"https://shop.example.com/\", secretFiles: [s]}\n")
	require.Equal(t, []string{"shop"}, d.Names())
	f.writeBeside("s", "no secret")
	d.Names()
	require.ErrorContains(t, d.Problem(), "secret 1")
	f.writeBeside("s", newSecret)
	require.NoError(t, d.Problem(), "a changed secret is a change of the file")
	for _, entry := range logs.All() {
		require.NotContains(t, fmt.Sprint(entry.ContextMap()), "MfKQ9r8G")
	}
}

func FuzzErrorsOfAFileQuoteNoSecret(f *testing.F) {
	f.Add("endpoints:\n  - {name: ", "}")
	f.Add("endpoints: &", " *")
	f.Add("endpoints:\n  - secrets: {", ": 1}")
	f.Add("!!", " x")
	f.Fuzz(func(t *testing.T, before, after string) {
		if err := dispatch.ParseConfig([]byte(before + oldSecret + after)); err != nil {
			require.NotContains(t, err.Error(), "MfKQ9r8G")
		}
	})
}
