package connection

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net/http"
	"slices"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"

	"rampart/internal/credential"
)

// Files that hold what Temporal's own tools take from a variable only.
const (
	apiKeyFile    = "TEMPORAL_API_KEY_FILE"
	codecAuthFile = "TEMPORAL_CODEC_AUTH_FILE"
)

// secrets are the credentials of a connection.
type secrets struct {
	apiKey    string
	codecAuth string
	// headers are sent with every call.
	headers map[string]string
	// tls is nil for a connection without TLS.
	tls *tls.Config
}

func (s secrets) same(other secrets) bool {
	return s.apiKey == other.apiKey && s.codecAuth == other.codecAuth && maps.Equal(s.headers, other.headers) && credential.SameTLS(s.tls, other.tls)
}

// texts are the secrets, for logs to hide.
func (s secrets) texts() []string {
	return append(slices.Collect(maps.Values(s.headers)), s.apiKey, s.codecAuth)
}

// Options returns the client options that the environment configures as for Temporal's own tools. API key, client certificate, CA, headers and
// the authorization of a remote codec are read again when the files change that hold them, Temporal's configuration file among them; a
// connection that is open stays.
func Options(environment envconfig.EnvLookup, store *credential.Store) (client.Options, error) {
	options, _, err := open(environment, store)
	return options, err
}

// OptionsWithCodec is Options with the remote codec, if the environment configures one. It returns the codec's endpoint, or "".
func OptionsWithCodec(environment envconfig.EnvLookup, store *credential.Store) (options client.Options, endpoint string, err error) {
	options, opened, err := open(environment, store)
	if err != nil || opened.profile.Codec == nil {
		return options, "", err
	}
	endpoint = opened.profile.Codec.Endpoint
	options.DataConverter = converter.NewRemoteDataConverter(converter.GetDefaultDataConverter(), converter.RemoteDataConverterOptions{
		Endpoint: endpoint,
		ModifyRequest: func(request *http.Request) error {
			request.Header.Set("X-Namespace", opened.profile.Namespace)
			if auth := opened.secrets.Get().codecAuth; auth != "" {
				request.Header.Set("Authorization", auth)
			}
			return nil
		},
	})
	return options, endpoint, nil
}

// opened is a configuration with its credentials as they are now.
type opened struct {
	profile envconfig.ClientConfigProfile
	secrets *credential.Value[secrets]
}

func open(environment envconfig.EnvLookup, store *credential.Store) (client.Options, opened, error) {
	profile, err := readProfile(environment)
	if err != nil {
		return client.Options{}, opened{}, err
	}
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		return client.Options{}, opened{}, err
	}
	encrypted := options.ConnectionOptions.TLS != nil
	read := func() (credential.Reading[secrets], error) {
		return readSecrets(environment, profile.APIKey != "", encrypted)
	}
	current, err := credential.Open(store, "connection to Temporal", read, secrets.same)
	if err != nil {
		return client.Options{}, opened{}, err
	}
	if profile.APIKey != "" {
		options.Credentials = client.NewAPIKeyDynamicCredentials(func(context.Context) (string, error) { return current.Get().apiKey, nil })
	}
	if len(profile.GRPCMeta) > 0 {
		options.HeadersProvider = headers{current}
	}
	if encrypted {
		transport := credential.Transport(func() *tls.Config { return current.Get().tls })
		options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions, grpc.WithTransportCredentials(transport))
	}
	return options, opened{profile: profile, secrets: current}, nil
}

// headers are the headers of every call, as they are now.
type headers struct{ current *credential.Value[secrets] }

// GetHeaders implements client.HeadersProvider.
func (h headers) GetHeaders(context.Context) (map[string]string, error) {
	return h.current.Get().headers, nil
}

// readSecrets reads the credentials. Those that a connection began with must be there still.
func readSecrets(environment envconfig.EnvLookup, keyed, encrypted bool) (credential.Reading[secrets], error) {
	var none credential.Reading[secrets]
	profile, err := readProfile(environment)
	if err != nil {
		return none, err
	}
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		return none, err
	}
	s := secrets{apiKey: profile.APIKey, headers: profile.GRPCMeta, tls: options.ConnectionOptions.TLS}
	if profile.Codec != nil {
		s.codecAuth = profile.Codec.Auth
	}
	switch {
	case keyed && s.apiKey == "":
		return none, errors.New("the API key is missing")
	case encrypted && s.tls == nil:
		return none, errors.New("the settings of TLS are missing")
	}
	reading := credential.Reading[secrets]{Value: s, Texts: s.texts()}
	reading.ValidFrom, reading.ValidUntil, err = credential.Validity(s.tls)
	return reading, err
}

// readProfile reads the configuration, with what is in files of its own.
func readProfile(environment envconfig.EnvLookup) (envconfig.ClientConfigProfile, error) {
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: environment})
	if err != nil {
		return profile, err
	}
	if profile.APIKey, err = fromFile(environment, "TEMPORAL_API_KEY", apiKeyFile, profile.APIKey); err != nil {
		return profile, err
	}
	if profile.Codec != nil {
		profile.Codec.Auth, err = fromFile(environment, "TEMPORAL_CODEC_AUTH", codecAuthFile, profile.Codec.Auth)
	}
	return profile, err
}

// fromFile returns what is in the file that fileVariable names, or otherwise, if it names none.
func fromFile(environment envconfig.EnvLookup, variable, fileVariable, otherwise string) (string, error) {
	file, _ := environment.LookupEnv(fileVariable)
	if file == "" {
		return otherwise, nil
	}
	if value, _ := environment.LookupEnv(variable); value != "" {
		return "", errors.New(variable + " and " + fileVariable + " must not both be set")
	}
	return credential.ReadText(fileVariable, file)
}
