package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/auth"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/cors"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
	"go.temporal.io/server/common/config"

	"rampart/internal/loopback"
)

// startUI starts the Web UI. It serves only requests from this machine and from its own pages: a page of any site can make a browser
// send requests to it, and the Web UI can send messages to orders.
func startUI(cfg *config.Config, opts options) (stop func() error, err error) {
	pages, err := webUI(&uiconfig.Config{
		TemporalGRPCAddress: frontendAddress(cfg),
		DefaultNamespace:    namespace,
		Codec:               uiconfig.Codec{Endpoint: opts.codecEndpoint},
		// The page is served over plain HTTP.
		CORS: uiconfig.CORS{CookieInsecure: true},
		// The UI makes no external requests: no news, no version check.
		DisableNewsFetch:   true,
		NotifyOnNewVersion: false,
		// Orders must not be reset (docs/how-to/web-ui.md), and the button is the first on the page of one that is over.
		WorkflowResetDisabled: true,
	})
	if err != nil {
		return nil, fmt.Errorf("the Web UI cannot start: %w", err)
	}
	return serveHTTP(uiAddress(cfg, opts.uiPort), pages)
}

// webUI returns the handler of the official Web UI, composed as its own server does. That server cannot be used, since it always
// opens its own listener.
func webUI(settings *uiconfig.Config) (http.Handler, error) {
	provider, err := uiconfig.NewConfigProviderWithRefresh(settings)
	if err != nil {
		return nil, err
	}
	assets, err := uiAssets()
	if err != nil {
		return nil, err
	}
	secure := !settings.CORS.CookieInsecure
	e := echo.New()
	e.Use(middleware.Recover(), middleware.Gzip())
	e.Use(cors.CORSMiddleware(cors.CORSConfig{
		AllowHeaders: []string{
			echo.HeaderOrigin, echo.HeaderContentType, echo.HeaderAccept, echo.HeaderXCSRFToken, echo.HeaderAuthorization,
			auth.AuthorizationExtrasHeader, callerType,
		},
		AllowCredentials: true,
		ConfigProvider:   provider,
	}))
	e.Use(middleware.Secure(), csrf.EnsureTokenCookie(secure), middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, secure)))

	route.SetHealthRoute(e)
	forwarded := headers.WithForwardHeaders([]string{auth.AuthorizationExtrasHeader, callerType})
	if err := route.SetAPIRoutes(e, provider, []api.Middleware{forwarded}); err != nil {
		return nil, err
	}
	route.SetAuthRoutes(e, provider)
	if err := route.SetUIRoutes(e, "", assets, provider); err != nil {
		return nil, err
	}
	route.SetRenderRoute(e, "/")
	return e, nil
}

// callerType is the header that identifies the Web UI to Temporal.
const callerType = "Caller-Type"

// uiAssets returns the files of the Web UI, with columns and views for orders.
func uiAssets() (fs.FS, error) {
	all, err := ui.Assets()
	if err != nil {
		return nil, err
	}
	local, err := fs.Sub(all, "local")
	if err != nil {
		return nil, err
	}
	index, err := fs.ReadFile(local, indexPage)
	if err != nil {
		return nil, err
	}
	return withIndex{local, withOrderColumns(index)}, nil
}

func uiAddress(cfg *config.Config, port uint16) string { return hostPort(uiHost(cfg), int(port)) }

// uiHost returns a loopback address, even if the frontend listens on another one, since only this machine is served.
func uiHost(cfg *config.Config) string {
	if host := listenHost(cfg); loopback.Host(host) {
		return host
	}
	return localhost
}

// checkCodecEndpoint returns an error unless the endpoint is an http or https URL.
func checkCodecEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--codec-endpoint %q is not an http or https URL", endpoint)
	}
	return nil
}
