//! Names the lifetimes that a function's signature elides.

use syn::visit_mut::{self, VisitMut};
use syn::{
    Generics, Ident, Lifetime, ParenthesizedGenericArguments, Type, TypeFnPtr, TypeReference,
};

/// The type with one name for all lifetimes that are elided, are `'_`, or are parameters of the
/// function.
pub(crate) fn name_all(ty: &Type, generics: &Generics, name: &str) -> Type {
    let parameters = generics
        .lifetimes()
        .map(|parameter| parameter.lifetime.ident.clone())
        .collect();
    let mut ty = ty.clone();

    NameLifetimes {
        parameters,
        name,
        in_callable: false,
    }
    .visit_type_mut(&mut ty);

    ty
}

struct NameLifetimes<'n> {
    parameters: Vec<Ident>,
    name: &'n str,
    /// Inside `fn(&str)` and `Fn(&str)`, where elided lifetimes have another meaning.
    in_callable: bool,
}

impl NameLifetimes<'_> {
    fn enter_callable(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.in_callable, true);
        visit(self);
        self.in_callable = outside;
    }
}

impl VisitMut for NameLifetimes<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.parameters.contains(&lifetime.ident) || (lifetime.ident == "_" && !self.in_callable)
        {
            *lifetime = Lifetime::new(self.name, lifetime.span());
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if !self.in_callable {
            let span = reference.and_token.span;
            reference
                .lifetime
                .get_or_insert_with(|| Lifetime::new(self.name, span));
        }

        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_fn_ptr_mut(&mut self, pointer: &mut TypeFnPtr) {
        self.enter_callable(|naming| visit_mut::visit_type_fn_ptr_mut(naming, pointer));
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut ParenthesizedGenericArguments,
    ) {
        self.enter_callable(|naming| {
            visit_mut::visit_parenthesized_generic_arguments_mut(naming, arguments)
        });
    }
}
