//! Tower layers around a dispatcher.

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use s3_dispatch_core::{Error, ErrorKind};
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceExt};

use crate::{BatchReport, Payload};

/// [`dispatch_event`](crate::Dispatcher::dispatch_event) as a service, with layers around it.
pub(crate) type LayeredService = BoxCloneService<LambdaEvent<Payload>, BatchReport, Error>;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The layers, the innermost first.
#[derive(Clone, Default)]
pub(crate) struct Layers(Vec<Arc<dyn Fn(LayeredService) -> LayeredService + Send + Sync>>);

impl Layers {
    pub(crate) fn add<L>(&mut self, layer: L)
    where
        L: Layer<LayeredService> + Send + Sync + 'static,
        L::Service: Service<
                LambdaEvent<Payload>,
                Response = BatchReport,
                Error: Into<BoxError>,
                Future: Send + 'static,
            > + Clone
            + Send
            + 'static,
    {
        self.0.push(Arc::new(move |service| {
            let layered = layer.layer(service);
            BoxCloneService::new(layered.map_err(|error| into_error(error.into())))
        }));
    }

    /// Puts the layers around a service.
    pub(crate) fn around(&self, service: LayeredService) -> LayeredService {
        self.0.iter().fold(service, |service, layer| layer(service))
    }
}

/// A layer passes on the error of the dispatcher, or has one of its own.
fn into_error(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => {
            let text = "a layer around the dispatcher failed the invocation";
            Error::new(ErrorKind::Runtime, text).with_source(error)
        }
    }
}
