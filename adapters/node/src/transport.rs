//! From the settings to a transport: TCP, a proxy over it if there is one, TLS over that.

use quintet_options::Value;
use quintet_proxy::{NoProxy, Proxy, ProxyConnect, ProxyKind};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings, TlsSettingsError, TlsVersion};
use quintet_transport::Connect;

use crate::reader::{Row, Wrong, text, texts};

/// What was given of TLS, under the names that Node has for it.
#[derive(Default)]
pub(crate) struct Tls {
    /// Trusted instead of Mozilla's roots, as in Node.
    ca: Option<Vec<String>>,
    cert: Option<String>,
    key: Option<String>,
    pins: Vec<String>,
    version_min: Option<TlsVersion>,
}

pub(crate) const TLS: &[Row<Tls>] = &[
    ("ca", |tls, value| {
        tls.ca = Some(owned(value)?);
        Ok(())
    }),
    ("cert", |tls, value| {
        tls.cert = Some(text(value)?.into());
        Ok(())
    }),
    ("key", |tls, value| {
        tls.key = Some(text(value)?.into());
        Ok(())
    }),
    ("pins", |tls, value| {
        tls.pins = owned(value)?;
        Ok(())
    }),
    ("minVersion", |tls, value| {
        tls.version_min = Some(version(value)?);
        Ok(())
    }),
];

fn owned(value: &Value) -> Result<Vec<String>, Wrong> {
    Ok(texts(value)?.into_iter().map(String::from).collect())
}

fn version(value: &Value) -> Result<TlsVersion, Wrong> {
    match value {
        Value::String(text) if text == "TLSv1.2" => Ok(TlsVersion::Tls12),
        Value::String(text) if text == "TLSv1.3" => Ok(TlsVersion::Tls13),
        _ => Err("must be \"TLSv1.2\" or \"TLSv1.3\"".into()),
    }
}

/// The transport, or what is wrong with the settings it is made from.
pub(crate) fn connect(
    tls: &Tls,
    proxy: Option<Proxy>,
    no_proxy: NoProxy,
) -> Result<Box<dyn Connect>, Wrong> {
    let tcp = TcpConnect::new();
    let Some(proxy) = proxy else {
        return Ok(Box::new(tls.over(tcp)?));
    };
    let secured = proxy.kind() == ProxyKind::Https;
    let proxy = proxy.no_proxy(no_proxy);
    if !secured {
        return Ok(Box::new(tls.over(ProxyConnect::new(tcp, proxy))?));
    }
    // The proxy is trusted by the same roots; the pins and the certificate are for servers.
    let to_proxy = TlsConnect::new(tcp, tls.trusted()?).map_err(wrong)?;
    Ok(Box::new(tls.over(ProxyConnect::new(to_proxy, proxy))?))
}

impl Tls {
    fn over<C: Connect + 'static>(&self, below: C) -> Result<TlsConnect<C>, Wrong> {
        let mut settings = self.trusted()?;
        match (&self.cert, &self.key) {
            (None, None) => {}
            (Some(cert), Some(key)) => {
                let shown = settings.client_certificate_pem(cert.as_bytes(), key.as_bytes());
                settings = shown.map_err(wrong)?;
            }
            _ => return Err(".tls must have both cert and key, or neither".into()),
        }
        for pin in &self.pins {
            settings = settings.pin_sha256(pin).map_err(wrong)?;
        }
        if let Some(version) = self.version_min {
            settings = settings.version_min(version);
        }
        TlsConnect::new(below, settings).map_err(wrong)
    }

    fn trusted(&self) -> Result<TlsSettings, Wrong> {
        let Some(ca) = &self.ca else {
            return Ok(TlsSettings::webpki_roots());
        };
        let mut settings = TlsSettings::only_given_roots();
        for pem in ca {
            settings = settings.add_root_pem(pem.as_bytes()).map_err(wrong)?;
        }
        Ok(settings)
    }
}

fn wrong(error: TlsSettingsError) -> Wrong {
    format!(".tls {error}")
}
